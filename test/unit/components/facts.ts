import type { HostNetworkFacts, MeasuredMtu, PathMtuResult } from "../../../network/probe/report.ts";

/** MAC addresses of the test network: the Proxmox host's bridges, and the router of the local network. */
export const VMBR0_MAC = "52:54:00:00:00:01";
export const VMBR1_MAC = "52:54:00:00:00:02";
export const ROUTER_MAC = "52:54:00:00:00:ff";

const nothing: HostNetworkFacts = {
    machineId: "0123456789abcdef0123456789abcdef",
    kernel: "6.8.12-1-pve",
    links: [],
    defaultRoute: {},
    pmtuCache: [],
    resolvers: [],
    conntrack: null,
    tcpMtuProbing: 0,
    icmpFragNeededReceived: 0,
    clampCounters: [],
    icmpDropRules: [],
};

/** Facts of a Proxmox host with two bridges. */
export function gatewayFacts(vmBridgeMtu = 1500): HostNetworkFacts {
    const bridge = (name: string, mac: string, mtu: number) => ({
        name,
        mac,
        mtu,
        master: null,
        kind: "bridge",
        up: true,
    });
    return { ...nothing, links: [bridge("vmbr0", VMBR0_MAC, 1500), bridge("vmbr1", VMBR1_MAC, vmBridgeMtu)] };
}

/** Facts of a node whose default route goes to a host of this MAC address; null while its neighbour table is empty. */
export function nodeFacts(gatewayMac: string | null): HostNetworkFacts {
    const route = { link: "eth0", gateway: "10.27.27.1", mtu: null, advmss: null, gatewayMac };
    return { ...nothing, defaultRoute: { ipv4: route } };
}

/** A path that carries this many bytes in both directions, and drops larger packets silently. */
export function measured(ipv4: number | null, ipv6: number | null = null): PathMtuResult {
    const exactly = (bytes: number): MeasuredMtu => ({
        bytes,
        bound: "exact",
        limitedBy: null,
        paths: [bytes],
        icmpSeen: false,
        silent: true,
        probes: 12,
    });
    const both = (bytes: number | null) =>
        bytes === null ? null : { download: exactly(bytes), upload: exactly(bytes) };
    return { ipv4: both(ipv4), ipv6: both(ipv6) };
}
