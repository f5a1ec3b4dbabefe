import { setTimeout as delay } from "node:timers/promises";

/** The state of a node, as the API server reports it. */
export interface NodeCondition {
    ready: boolean;
    /** When the node's kubelet last renewed its lease, by the kubelet's clock. */
    renewedAt: string | null;
}

/** One node as a cluster's API server sees it. */
export interface ClusterNode {
    name: string;
    /** Throws when the API server cannot be asked. */
    condition(): Promise<NodeCondition>;
}

/** Longest wait for one answer of the API server, in milliseconds. */
const ANSWER_MS = 10_000;

/** Finds a node through a kubeconfig. Throws when the text is no kubeconfig. */
export async function clusterNode(kubeconfig: string, name: string): Promise<ClusterNode> {
    // The client is large, and most runs need no cluster.
    const { CoordinationV1Api, CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const [nodes, leases] = [config.makeApiClient(CoreV1Api), config.makeApiClient(CoordinationV1Api)];
    return {
        name,
        async condition() {
            const late = delay(ANSWER_MS, undefined, { ref: false }).then(() => {
                throw new Error(`the API server has not answered for ${ANSWER_MS / 1000} s`);
            });
            const [node, lease] = await Promise.race([
                Promise.all([
                    nodes.readNode({ name }),
                    leases.readNamespacedLease({ name, namespace: "kube-node-lease" }),
                ]),
                late,
            ]);
            // Typed as a date, and handed over as the text that the API server sent.
            const renewTime: unknown = lease.spec?.renewTime;
            return {
                ready:
                    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
                renewedAt: renewTime === undefined ? null : String(renewTime),
            };
        },
    };
}

/**
 * Waits until a restarted node is Ready again. Ready alone proves nothing, because a node stays Ready for 40 s after its
 * kubelet died; so its lease must have been renewed as well. A node that was not Ready before need not become Ready.
 * Returns what is still missing after `seconds` or when `signal` aborts; null when nothing is missing.
 */
export async function awaitReady(
    node: ClusterNode,
    before: NodeCondition,
    { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<string | null> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const missing = await node.condition().then(
            ({ ready, renewedAt }) => {
                if (renewedAt === before.renewedAt) return "its lease has not been renewed since the restart";
                return ready || !before.ready ? null : "it is not Ready";
            },
            (error: Error) => `the API server could not be asked: ${error.message.split("\n")[0]}`,
        );
        if (missing === null || Date.now() >= deadline || signal.aborted) return missing;
        await delay(1000, undefined, { signal }).catch(() => undefined);
    }
}
