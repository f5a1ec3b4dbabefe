import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { measuredPathMtu, PLANNED_NODE_MTU, SMALLEST_IPV6_MTU, smallestOf } from "../network/mtu.ts";
import { bridgeOf } from "../network/whoRoutes.ts";
import { type Found, ifKnown, resourcesOf, separately } from "./stack.ts";

interface Config {
    smallest: number;
    planned: number;
}

type PolicyResources = Parameters<typeof resourcesOf>[0];
type Link = Found<"clearpath:host:LinkMtu">;
type Bridge = { name: string; mtu: number };

/**
 * A node's MTU is neither too small for IPv6, nor larger than its bridge's, nor larger than a measured path. Of one link
 * alone the least can be judged before anything is changed, even where no preview was made.
 */
export const nodeMtuSafe: ResourceValidationPolicy & StackValidationPolicy = {
    name: "node-mtu-safe",
    description: "A node's MTU fits IPv6, the node's bridge, and the path.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            smallest: {
                type: "integer",
                default: SMALLEST_IPV6_MTU,
                description: `Smallest MTU of a node, in bytes. IPv6 stops below ${SMALLEST_IPV6_MTU}.`,
            },
            planned: {
                type: "integer",
                default: PLANNED_NODE_MTU,
                description: "Largest MTU, in bytes, that needs no measured path to prove it.",
            },
        },
    },
    validateResource: ({ type, props, getConfig, notApplicable }, report) => {
        if (type !== "clearpath:host:LinkMtu") return notApplicable("Only the MTU of links is judged.");
        const { smallest } = getConfig<Config>();
        if (props.mtu >= smallest) return;
        report(
            `${props.link} would get MTU ${props.mtu}. Below ${SMALLEST_IPV6_MTU} Linux removes IPv6 from a link, and overlay networks have no room left. Set nodeMtu to ${smallest} at least.`,
        );
    },
    validateStack: ({ resources, getConfig }, report) => {
        const { planned } = getConfig<Config>();
        const links = resourcesOf(resources, "clearpath:host:LinkMtu");
        const judgePath = ({ name, urn, props: { link, mtu } }: Link) => {
            if (mtu <= planned) return;
            const proven = ifKnown(() => smallestOf(measuredPath(resources))) ?? null;
            if (proven !== null && proven >= mtu) return;
            report(
                `${name}: ${link} would get MTU ${mtu}. ${proven === null ? "No measured path MTU is recorded in this stack" : `The path was measured to carry ${proven} bytes`}, and larger packets are lost silently where ICMP does not come back: UDP, QUIC and every connection that nothing clamps. Set nodeMtu to ${planned} or less${proven === null ? "; raise it once a path that carries more has been measured" : ""}.`,
                urn,
            );
        };
        const judgeBridge = ({ name, urn, props: { link, mtu } }: Link, bridge: Bridge | null | undefined) => {
            if (bridge == null || bridge.mtu >= mtu) return;
            report(
                `${name}: ${link} would get MTU ${mtu}, and bridge ${bridge.name} has ${bridge.mtu}. The bridge drops what is larger, without any answer. Set nodeMtu to ${bridge.mtu} or less, or raise the bridge first.`,
                urn,
            );
        };
        separately(
            links.flatMap(link => [
                () => judgePath(link),
                () => judgeBridge(link, link.props.bridge),
                () => judgeBridge(link, bridgeOnGateway(resources)),
            ]),
            judge => judge(),
        );
    },
};

/** Path MTU that the stack's measurements show, in bytes. */
export function measuredPath(resources: PolicyResources) {
    return measuredPathMtu(resourcesOf(resources, "clearpath:probe:PathMtu").map(({ props }) => props.result));
}

/** The bridge on the gateway that carries the nodes, as far as the measurements tell. */
function bridgeOnGateway(resources: PolicyResources): Bridge | undefined {
    const [path] = resourcesOf(resources, "clearpath:index:GatewayPath");
    const measured = resourcesOf(resources, "clearpath:probe:PathMtu");
    const gateway = measured.find(({ props }) => props.vantagePoint === path?.props.gateway);
    if (path === undefined || gateway === undefined) return undefined;
    const node = measured.find(one => one !== gateway)?.props.facts;
    return bridgeOf(gateway.props.facts, node, path.props.vmBridge ?? undefined);
}
