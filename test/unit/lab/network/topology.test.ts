import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import {
    addressOf,
    allHosts,
    bootedHosts,
    defaultInstance,
    INTERNET,
    INTERNET_HOSTS,
    isInstanceName,
    LAN,
    labPaths,
    links,
    MOST_WORKERS,
    VM_SUBNET,
} from "../../../../lab/network/topology.ts";

const isWithin = (address: string, networks: readonly string[]) =>
    networks.some(network => {
        const parsed = ipaddr.parse(address);
        const [base, length] = ipaddr.parseCIDR(network);
        return parsed.kind() === base.kind() && parsed.match([base, length]);
    });

test("nodes have the plan's addresses", () => {
    expect(["cp1", "worker1", "worker2", "worker9"].map(host => addressOf(host).ipv4)).toEqual([
        "10.27.27.11",
        "10.27.27.21",
        "10.27.27.22",
        "10.27.27.29",
    ]);
    expect(addressOf("worker2").ipv6).toBe("2001:db8:27::22");
});

test("every host is in its own subnet, and no two share an address", () => {
    const hosts = allHosts(MOST_WORKERS).filter(host => host !== "internet");
    for (const host of hosts) {
        const subnet = ["isp", "pve", "runner"].includes(host) ? LAN : VM_SUBNET;
        expect(isWithin(addressOf(host).ipv4, [subnet.ipv4]), host).toBe(true);
        expect(isWithin(addressOf(host).ipv6, [subnet.ipv6]), host).toBe(true);
    }
    const addresses = hosts.flatMap(host => Object.values(addressOf(host)));
    expect(new Set(addresses).size).toBe(addresses.length);
});

test.each(["internet", "worker0", "worker10", "worker01", "cp2", "../etc"])("%s has no address of a node", host => {
    expect(() => addressOf(host)).toThrow(/no host of the lab/);
});

test("internet hosts have documentation addresses of their own", () => {
    const addresses = Object.values(INTERNET_HOSTS);
    for (const { ipv4, ipv6 } of addresses) {
        expect(isWithin(ipv4, INTERNET.ipv4), ipv4).toBe(true);
        expect(isWithin(ipv6, INTERNET.ipv6), ipv6).toBe(true);
    }
    expect(new Set(addresses.map(({ ipv4 }) => ipv4)).size).toBe(addresses.length);
    expect(new Set(addresses.map(({ ipv6 }) => ipv6)).size).toBe(addresses.length);
});

test("links have names the kernel takes, once per host, and MAC addresses of their own", () => {
    const ends = links(MOST_WORKERS).flatMap(link => link.ends);

    expect(ends.filter(({ name }) => name.length > 15)).toEqual([]);
    expect(new Set(ends.map(({ host, name }) => `${host} ${name}`)).size).toBe(ends.length);
    expect(new Set(ends.map(({ mac }) => mac)).size).toBe(ends.length);
    expect(ends.filter(({ mac }) => !/^02(:[0-9a-f]{2}){5}$/.test(mac))).toEqual([]);
});

test("the runner reaches the nodes through the gateway only: no node has a link to anything but pve", () => {
    const neighbours = links(2)
        .filter(({ ends }) => ends.some(({ host }) => /^(cp|worker)/.test(host)))
        .flatMap(({ ends }) => ends.map(({ host }) => host).filter(host => !/^(cp|worker)/.test(host)));

    expect(new Set(neighbours)).toEqual(new Set(["pve"]));
});

test("a lab without workers still has its gateway and its server", () => {
    expect(bootedHosts(0)).toEqual(["pve", "cp1"]);
    expect(bootedHosts(0, true)).toEqual(["pve", "cp1", "registry"]);
});

test.each([
    ["lab", true],
    ["main2", true],
    ["", false],
    ["../x", false],
    ["a-b", false],
    ["Lab", false],
    ["x".repeat(21), false],
])("instance name %j is taken: %s", (name, taken) => {
    expect(isInstanceName(name)).toBe(taken);
});

test("the environment names the instance and the cache", () => {
    expect(defaultInstance({ CLEARPATH_LAB: "mine" })).toBe("mine");
    expect(defaultInstance({})).toBe("lab");
    expect(labPaths("lab", { CLEARPATH_CACHE: "/c", XDG_CACHE_HOME: "/x" }).cache).toBe("/c/lab");
    expect(labPaths("lab", { XDG_CACHE_HOME: "/x", HOME: "/h" }).cache).toBe("/x/clearpath/lab");
    expect(labPaths("lab", { HOME: "/h" }).cache).toBe("/h/.cache/clearpath/lab");
});
