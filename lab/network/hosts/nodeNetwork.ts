import type { Scenario } from "../scenario.ts";
import { addressOf, type LabHost, NODE_LINK, VM_GATEWAY, VM_SUBNET } from "../topology.ts";
import type { HostFile } from "./settings.ts";

/** Software that sets up a node's link at boot. Each is what some distribution's VMs come with. */
export type LinkManager = "netplan" | "networkd" | "ifupdown2" | "ifupdown";

/** A node's MTUs as the scenario has them, in bytes. */
export interface NodeMtus {
    link: number;
    /** On the default routes; null where they have none of their own. */
    route: number | null;
}

/**
 * cp1 is set up like an Ubuntu cloud image, the first worker by systemd-networkd alone, the second like Proxmox VE, the
 * third like Debian.
 */
export function linkManagerOf(node: LabHost): LinkManager {
    if (node === "cp1") return "netplan";
    if (node === "worker1") return "networkd";
    return node === "worker3" ? "ifupdown" : "ifupdown2";
}

/** Whether /etc/network/interfaces says how the node's link is set up. */
export function readsInterfaces(node: LabHost): boolean {
    return ["ifupdown", "ifupdown2"].includes(linkManagerOf(node));
}

export function nodeMtus(scenario: Scenario, node: LabHost): NodeMtus {
    const { mtu, routeMtu, overrides } = scenario.nodes;
    const own = overrides[node];
    return { link: own?.mtu ?? mtu, route: own?.routeMtu === undefined ? routeMtu : own.routeMtu };
}

/** The one file that says how a node's link is set up. An MTU of 1500 is left out, as everybody does. */
export function nodeNetworkFile(node: LabHost, mtus: NodeMtus): HostFile {
    switch (linkManagerOf(node)) {
        case "netplan":
            return { path: "/etc/netplan/50-cloud-init.yaml", content: netplan(node, mtus), mode: 0o600 };
        case "networkd":
            return { path: `/etc/systemd/network/10-${NODE_LINK}.network`, content: networkd(node, mtus) };
        case "ifupdown2":
        case "ifupdown":
            return { path: "/etc/network/interfaces", content: interfaces(node, mtus) };
    }
}

/** A node's addresses with their prefix lengths. */
function addresses(node: LabHost): { ipv4: string; ipv6: string } {
    const { ipv4, ipv6 } = addressOf(node);
    const length = (subnet: string) => subnet.slice(subnet.indexOf("/"));
    return { ipv4: ipv4 + length(VM_SUBNET.ipv4), ipv6: ipv6 + length(VM_SUBNET.ipv6) };
}

function netplan(node: LabHost, { link, route }: NodeMtus): string {
    const { ipv4, ipv6 } = addresses(node);
    const routeTo = (gateway: string) => [
        "        - to: default",
        `          via: ${gateway}`,
        ...(route === null ? [] : [`          mtu: ${route}`]),
    ];
    return text([
        "network:",
        "  version: 2",
        "  renderer: networkd",
        "  ethernets:",
        `    ${NODE_LINK}:`,
        ...(link === 1500 ? [] : [`      mtu: ${link}`]),
        "      accept-ra: false",
        "      addresses:",
        `        - ${ipv4}`,
        `        - ${ipv6}`,
        "      routes:",
        ...routeTo(VM_GATEWAY.ipv4),
        ...routeTo(VM_GATEWAY.ipv6),
    ]);
}

function networkd(node: LabHost, { link, route }: NodeMtus): string {
    const { ipv4, ipv6 } = addresses(node);
    const routeTo = (gateway: string) => [
        "",
        "[Route]",
        `Gateway=${gateway}`,
        ...(route === null ? [] : [`MTUBytes=${route}`]),
    ];
    return text([
        "[Match]",
        `Name=${NODE_LINK}`,
        ...(link === 1500 ? [] : ["", "[Link]", `MTUBytes=${link}`]),
        "",
        "[Network]",
        `Address=${ipv4}`,
        `Address=${ipv6}`,
        "IPv6AcceptRA=no",
        ...routeTo(VM_GATEWAY.ipv4),
        ...routeTo(VM_GATEWAY.ipv6),
    ]);
}

function interfaces(node: LabHost, { link, route }: NodeMtus): string {
    const { ipv4, ipv6 } = addresses(node);
    const mtu = link === 1500 ? [] : [`\tmtu ${link}`];
    const change = (family: "-4" | "-6", gateway: string) =>
        route === null
            ? []
            : [`\tpost-up ip ${family} route change default via ${gateway} dev ${NODE_LINK} mtu ${route}`];
    return text([
        "auto lo",
        "iface lo inet loopback",
        "",
        `auto ${NODE_LINK}`,
        `iface ${NODE_LINK} inet static`,
        `\taddress ${ipv4}`,
        `\tgateway ${VM_GATEWAY.ipv4}`,
        ...mtu,
        ...change("-4", VM_GATEWAY.ipv4),
        "",
        `iface ${NODE_LINK} inet6 static`,
        `\taddress ${ipv6}`,
        `\tgateway ${VM_GATEWAY.ipv6}`,
        ...change("-6", VM_GATEWAY.ipv6),
    ]);
}

function text(lines: readonly string[]): string {
    return `${lines.join("\n")}\n`;
}
