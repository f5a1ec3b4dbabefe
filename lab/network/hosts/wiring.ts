import { existsSync, readdirSync } from "node:fs";
import { must } from "../command.ts";
import { addNamespace, deleteNamespace, insideNamespace, ipBatch, setSysctls } from "../namespace.ts";
import {
    addressOf,
    allHosts,
    GATEWAY_BRIDGES,
    ISP_BRIDGE,
    LAN,
    type LabHost,
    type Link,
    links,
    namespaceOf,
    VM_SUBNET,
} from "../topology.ts";

/** Everything a network card may do behind the kernel's back. With any of it on, packet sizes mean nothing. */
const OFFLOADS = ["tso", "gso", "gro", "tx", "sg"].flatMap(feature => [feature, "off"]);

const prefixLength = (subnet: string): string => subnet.slice(subnet.indexOf("/"));

/** Makes the namespaces and cables of a lab, the isp's bridge and the runner's addresses. Booted hosts set up their own ends. */
export async function wire(instance: string, workers: number, cacheHost: boolean): Promise<void> {
    const hosts = allHosts(workers, cacheHost);
    await Promise.all(hosts.map(host => makeNamespace(instance, host)));
    await must("wire the lab's hosts", ["ip", "-batch", "-"], {
        stdin: links(workers, cacheHost)
            .map(link => `${cable(instance, link)}\n`)
            .join(""),
    });
    await Promise.all(hosts.map(host => disableOffloads(instance, host, portsOf(host, workers, cacheHost))));
    await Promise.all([plugIntoLan(instance), setUpRunner(instance)]);
}

/** Bridged packets pass no firewall, as on a host that never loaded br_netfilter. Duplicate address detection would cost each boot a second. */
async function makeNamespace(instance: string, host: LabHost): Promise<void> {
    await addNamespace(instance, host);
    const bridging = existsSync("/proc/sys/net/bridge") ? ["iptables", "ip6tables", "arptables"] : [];
    await setSysctls(instance, host, {
        "net.ipv6.conf.all.accept_dad": 0,
        "net.ipv6.conf.default.accept_dad": 0,
        ...Object.fromEntries(bridging.map(kind => [`net.bridge.bridge-nf-call-${kind}`, 0])),
    });
}

function cable(instance: string, { ends: [far, near] }: Link): string {
    const end = ({ host, name, mac }: Link["ends"][number]) =>
        `name ${name} address ${mac} netns ${namespaceOf(instance, host)}`;
    return `link add ${end(near)} type veth peer ${end(far)}`;
}

/** Names of a host's cable ends. */
export function portsOf(host: LabHost, workers: number, cacheHost = false): string[] {
    return links(workers, cacheHost)
        .flatMap(link => link.ends)
        .filter(end => end.host === host)
        .map(end => end.name);
}

/** Switches offloads off on the given links of a host; links that are not there are an error. */
export async function disableOffloads(instance: string, host: LabHost, names: readonly string[]): Promise<void> {
    for (const name of names) {
        const ethtool = insideNamespace(instance, host, ["ethtool", "--offload", name, ...OFFLOADS]);
        await must(`switch offloads off on ${name} of ${host}`, ethtool);
    }
}

/** A gateway's bridges are made at its boot, and would hand their ports packets of 64 KiB. */
export async function disableBridgeOffloads(instance: string): Promise<void> {
    await disableOffloads(instance, "pve", Object.values(GATEWAY_BRIDGES));
}

/** Connects the local network's links to the isp's bridge. The isp gives the bridge its addresses. */
async function plugIntoLan(instance: string): Promise<void> {
    await ipBatch(instance, "isp", [
        `link add ${ISP_BRIDGE} type bridge`,
        ...portsOf("isp", 0).flatMap(port => [`link set ${port} master ${ISP_BRIDGE}`, `link set ${port} up`]),
        `link set ${ISP_BRIDGE} up`,
    ]);
    await disableOffloads(instance, "isp", [ISP_BRIDGE]);
}

async function setUpRunner(instance: string): Promise<void> {
    const runner = addressOf("runner");
    const gateway = addressOf("pve");
    await ipBatch(instance, "runner", [
        `addr add ${runner.ipv4}${prefixLength(LAN.ipv4)} dev eth0`,
        `addr add ${runner.ipv6}${prefixLength(LAN.ipv6)} dev eth0 nodad`,
        "link set eth0 up",
        `route add ${VM_SUBNET.ipv4} via ${gateway.ipv4}`,
        `route add ${VM_SUBNET.ipv6} via ${gateway.ipv6}`,
        `route add default via ${addressOf("isp").ipv4}`,
        `route add default via ${addressOf("isp").ipv6}`,
    ]);
}

/**
 * Gives a stopped host a network namespace as new as after power-on, with its cables still plugged in: rules, routes,
 * addresses and sysctls live in the namespace and would outlast the host.
 */
export async function renewNamespace(
    instance: string,
    host: LabHost,
    workers: number,
    cacheHost: boolean,
): Promise<void> {
    const parking = `${host}-off`;
    const ports = portsOf(host, workers, cacheHost);
    const move = (from: LabHost, to: LabHost) =>
        ipBatch(
            instance,
            from,
            ports.map(port => `link set ${port} down mtu 1500 netns ${namespaceOf(instance, to)}`),
        );
    await addNamespace(instance, parking);
    await move(host, parking);
    await deleteNamespace(instance, host);
    await makeNamespace(instance, host);
    await move(parking, host);
    await deleteNamespace(instance, parking);
    await disableOffloads(instance, host, ports);
}

/** Names of all namespaces an instance has, those of an interrupted reboot included. */
export function namespacesOf(instance: string): string[] {
    if (!existsSync("/run/netns")) return [];
    return readdirSync("/run/netns").filter(name => name.startsWith(`${instance}-`));
}

/** Deletes the instance's namespaces, and with them every link in them. */
export async function unwire(instance: string): Promise<void> {
    const all = namespacesOf(instance).map(name => `netns del ${name}\n`);
    await must("delete the lab's namespaces", ["ip", "-batch", "-"], { stdin: all.join("") });
}
