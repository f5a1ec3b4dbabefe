import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { gatewayFiles } from "../../../../lab/network/gateway.ts";
import { linkManagerOf, nodeMtus, nodeNetworkFile } from "../../../../lab/network/hosts/nodeNetwork.ts";
import { parseScenario, type ScenarioInput } from "../../../../lab/network/scenario.ts";

describe("a node's network", () => {
    test("each link manager is met on some node", () => {
        expect(["cp1", "worker1", "worker2", "worker3"].map(linkManagerOf)).toEqual([
            "netplan",
            "networkd",
            "ifupdown2",
            "ifupdown",
        ]);
    });

    test("an override stands above the scenario's own MTUs, also when it takes the route's away", () => {
        const scenario = parseScenario({
            nodes: { workers: 2, mtu: 1400, routeMtu: 1380, overrides: { worker1: { mtu: 9000, routeMtu: null } } },
        });

        expect(nodeMtus(scenario, "cp1")).toEqual({ link: 1400, route: 1380 });
        expect(nodeMtus(scenario, "worker1")).toEqual({ link: 9000, route: null });
    });

    test("netplan gets both addresses, both routes and the MTUs", () => {
        const { path, content, mode } = nodeNetworkFile("cp1", { link: 1400, route: 1380 });

        expect(path).toBe("/etc/netplan/50-cloud-init.yaml");
        expect(mode).toBe(0o600);
        expect(parse(content).network.ethernets.eth0).toEqual({
            mtu: 1400,
            "accept-ra": false,
            addresses: ["10.27.27.11/24", "2001:db8:27::11/64"],
            routes: [
                { to: "default", via: "10.27.27.1", mtu: 1380 },
                { to: "default", via: "2001:db8:27::1", mtu: 1380 },
            ],
        });
    });

    test.each(["cp1", "worker1", "worker2"])("%s says nothing about an MTU of 1500", node => {
        expect(nodeNetworkFile(node, { link: 1500, route: null }).content).not.toMatch(/mtu/i);
    });

    test.each([
        ["worker1", /^\[Link\]\nMTUBytes=1400$/m, /^Gateway=10\.27\.27\.1\nMTUBytes=1380$/m],
        ["worker2", /^\tmtu 1400$/m, /route change default via 10\.27\.27\.1 dev eth0 mtu 1380$/m],
    ])("%s keeps its MTUs in its own file", (node, link, route) => {
        const { content } = nodeNetworkFile(node, { link: 1400, route: 1380 });

        expect(content).toMatch(link);
        expect(content).toMatch(route);
    });
});

describe("the gateway's rules", () => {
    const rules = (gateway: ScenarioInput["gateway"]) => {
        const files = gatewayFiles(parseScenario({ gateway }), 1);
        const lines = (path: string) =>
            files
                .find(file => file.path === path)!
                .content.split("\n")
                .filter(line => line.startsWith("-A"));
        return { ipv4: lines("/etc/iptables/rules.v4"), ipv6: lines("/etc/iptables/rules.v6") };
    };

    test("a healthy gateway masquerades IPv4 and filters nothing", () => {
        expect(rules({})).toEqual({
            ipv4: ["-A POSTROUTING -s 10.27.27.0/24 -o vmbr0 -j MASQUERADE"],
            ipv6: [],
        });
    });

    test("few NAT ports are a range of exactly that many, for the protocols that have ports", () => {
        expect(rules({ natPorts: 64 }).ipv4).toEqual([
            "-A POSTROUTING -s 10.27.27.0/24 -o vmbr0 -p tcp -j MASQUERADE --to-ports 20000-20063",
            "-A POSTROUTING -s 10.27.27.0/24 -o vmbr0 -p udp -j MASQUERADE --to-ports 20000-20063",
            "-A POSTROUTING -s 10.27.27.0/24 -o vmbr0 -j MASQUERADE",
        ]);
    });

    test("dropping frag-needed covers both families", () => {
        const { ipv4, ipv6 } = rules({ icmpFragNeeded: "drop" });

        expect(ipv4.at(-1)).toBe("-A FORWARD -p icmp -m icmp --icmp-type fragmentation-needed -j DROP");
        expect(ipv6).toEqual(["-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big -j DROP"]);
    });

    test("a blocked host name is blocked in both families, an address in its own", () => {
        const { ipv4, ipv6 } = rules({ blockFromVms: ["quay.io", "203.0.113.0/24", "2001:db8:1::53"] });

        expect(ipv4.slice(1)).toEqual([
            "-A FORWARD -s 10.27.27.0/24 -d 192.0.2.20 -j DROP",
            "-A FORWARD -s 10.27.27.0/24 -d 203.0.113.0/24 -j DROP",
        ]);
        expect(ipv6).toEqual([
            "-A FORWARD -s 2001:db8:27::/64 -d 2001:db8:1:2::20 -j DROP",
            "-A FORWARD -s 2001:db8:27::/64 -d 2001:db8:1::53 -j DROP",
        ]);
    });

    test("every node's port is on the VM bridge, whose MTU is named only when it is not 1500", () => {
        const interfaces = (bridgeMtu: number) =>
            gatewayFiles(parseScenario({ gateway: { bridgeMtu } }), 2).find(({ path }) => path.endsWith("interfaces"))!
                .content;

        expect(interfaces(1500)).toContain("bridge-ports tap111i0 tap121i0 tap122i0");
        expect(interfaces(1500)).not.toContain("mtu");
        expect(interfaces(9000)).toContain("\tmtu 9000");
    });
});
