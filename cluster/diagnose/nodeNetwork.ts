import type { HostNetworkFacts } from "../../network/probe/report.ts";
import type { Node } from "../api/objects.ts";
import type { NodeNetwork } from "./diagnosis.ts";

/** Reads the facts of a host that is known by a node's name or one of its addresses; undefined for an unknown host. */
export type AskHost = (node: string, addresses: readonly string[]) => Promise<HostNetworkFacts> | undefined;

const HOW_TO_ASK =
    "Only the host itself knows its MTU, default route and resolver: give --stack or --hosts, and Clearpath asks it by SSH.";

/** MTU, default route and resolver of each of these nodes: from the host itself where it is known. */
export async function nodeNetworks(
    known: readonly Node[] | undefined,
    names: readonly string[],
    askHost: AskHost | undefined,
): Promise<NodeNetwork[]> {
    return await Promise.all(names.map(name => nodeNetwork(known, name, askHost)));
}

async function nodeNetwork(
    nodes: readonly Node[] | undefined,
    name: string,
    askHost: AskHost | undefined,
): Promise<NodeNetwork> {
    const node = nodes?.find(({ metadata }) => metadata.name === name);
    const addresses = (node?.status?.addresses ?? []).map(({ address }) => address);
    const known = fromApi(name, node, nodes !== undefined);
    const asked = askHost?.(name, addresses);
    if (asked === undefined) return { ...known, note: HOW_TO_ASK };
    try {
        return { ...known, ...fromHost(await asked), source: "ssh", note: null };
    } catch (error) {
        return { ...known, note: error instanceof Error ? error.message : String(error) };
    }
}

function fromApi(name: string, node: Node | undefined, mayBeRead: boolean): NodeNetwork {
    const { addresses = [], conditions = [], nodeInfo } = node?.status ?? {};
    const bad = conditions.filter(({ type, status }) => (type === "Ready") !== (status === "True"));
    return {
        node: name,
        address: addresses.find(({ type }) => type === "InternalIP")?.address ?? null,
        source: "api",
        link: null,
        mtu: null,
        routeMtu: null,
        gateway: null,
        resolvers: [],
        kubelet: nodeInfo?.kubeletVersion ?? null,
        runtime: nodeInfo?.containerRuntimeVersion ?? null,
        conditions: [
            ...(mayBeRead ? [] : ["the node object may not be read (403)"]),
            ...(mayBeRead && node === undefined ? ["there is no node of this name any more"] : []),
            ...bad.map(({ type, status, message }) => `${type} is ${status}${message ? `: ${message}` : ""}`),
        ],
        note: null,
    };
}

function fromHost({ links, defaultRoute, resolvers }: HostNetworkFacts) {
    const route = defaultRoute.ipv4 ?? defaultRoute.ipv6;
    const link = links.find(({ name }) => name === route?.link);
    return {
        link: route?.link ?? null,
        mtu: link?.mtu ?? null,
        routeMtu: route?.mtu ?? null,
        gateway: route?.gateway ?? null,
        resolvers,
    };
}
