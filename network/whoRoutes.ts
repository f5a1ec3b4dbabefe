import type { ClampMode } from "./clampTable.ts";
import { IP_FAMILIES } from "./family.ts";
import type { HostNetworkFacts } from "./probe/report.ts";

export type ClampModeSetting = "auto" | ClampMode;

/** Where to clamp, and why there, in one sentence. */
export interface ClampChoice {
    mode: ClampMode;
    why: string;
}

/** The host that the cluster's packets pass on their way out, and what it says about its own network, if it was asked. */
export interface GatewayFacts {
    name: string;
    facts?: HostNetworkFacts;
}

/**
 * Where the clamp belongs. A host routes for the nodes when the MAC address of their gateway, as they have it in their
 * neighbour tables, is one of its own links'; when it is not, the host can only be bridging.
 */
export function clampModeFor(
    setting: ClampModeSetting,
    gateway: GatewayFacts | undefined,
    nodes: readonly HostNetworkFacts[],
): ClampChoice {
    if (setting !== "auto") return { mode: setting, why: `The configuration says ${setting}.` };
    if (gateway === undefined) return { mode: "nodes", why: "No gateway is given, so every node clamps for itself." };

    const { name, facts } = gateway;
    const links = facts ? nodes.map(node => routerLink(facts, node)) : [];
    const own = links.find(link => link !== undefined && link !== null);
    if (own) return { mode: "routed", why: `The nodes' gateway is link ${own.name} of ${name}.` };
    if (links.includes(null))
        return {
            mode: "bridged",
            why: `The MAC address of the nodes' gateway belongs to no link of ${name}, so ${name} only bridges to it.`,
        };
    return {
        mode: "routed",
        why: `No node knows the MAC address of its gateway, so Clearpath assumes that ${name} routes. Set gateway.mode to bridged if it only bridges.`,
    };
}

/**
 * The bridge that carries a node on the gateway, with its MTU in bytes: the one named, or the link that is the node's
 * router. Undefined when neither is known.
 */
export function bridgeOf(
    gateway: HostNetworkFacts,
    node: HostNetworkFacts | undefined,
    named?: string,
): { name: string; mtu: number } | undefined {
    if (named !== undefined) return gateway.links.find(link => link.name === named);
    return (node && routerLink(gateway, node)) ?? undefined;
}

/** The link of `gateway` that a node's default route goes to; null when it goes elsewhere, undefined when unknown. */
function routerLink(gateway: HostNetworkFacts, node: HostNetworkFacts) {
    const macs = IP_FAMILIES.map(family => node.defaultRoute[family]?.gatewayMac?.toLowerCase()).filter(
        mac => mac != null,
    );
    if (macs.length === 0) return undefined;
    const same = gateway.links.filter(link => link.mac !== null && macs.includes(link.mac.toLowerCase()));
    // A bridge takes the MAC address of one of its ports; the address of the network is on the bridge.
    return same.find(link => link.kind === "bridge") ?? same[0] ?? null;
}
