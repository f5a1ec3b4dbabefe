import { ApiFailure } from "../api/apiFailure.ts";
import type { ClusterApi } from "../api/clusterApi.ts";
import { conditionOf, type Node } from "../api/objects.ts";
import type { Broken } from "./diagnosis.ts";
import { GRACE_MS } from "./podStates.ts";

const MOST_ASKED = 50;

/** All nodes; where the list is refused or empty, those that pods run on, one by one. */
export async function allNodes(api: ClusterApi, named: ReadonlySet<string>): Promise<Node[]> {
    const nodes: Node[] = [];
    try {
        for await (const node of api.list<Node>("/api/v1/nodes")) nodes.push(node);
    } catch (error) {
        // Some users may get a node and not list all.
        if (!(error instanceof ApiFailure) || error.status !== 403 || named.size === 0) throw error;
    }
    if (nodes.length > 0) return nodes;
    const asked = [...named].slice(0, MOST_ASKED);
    const found = await Promise.all(asked.map(name => api.find<Node>(`/api/v1/nodes/${encodeURIComponent(name)}`)));
    return found.filter(node => node !== undefined);
}

/** Nodes that take no pods because they are not Ready. */
export function unreadyNodes(nodes: readonly Node[], now = Date.now()): Broken[] {
    return nodes.flatMap(node => {
        const ready = conditionOf(node, "Ready");
        if (ready === undefined || ready.status === "True") return [];
        const { reason = "", message = "", lastTransitionTime = null } = ready;
        const created = Date.parse(node.metadata.creationTimestamp ?? "");
        const isNew = now - created < GRACE_MS;
        return [{ object: `Node/${node.metadata.name}`, reason, message, since: lastTransitionTime, blocks: !isNew }];
    });
}
