import type { PullFailure, StuckPod } from "./diagnosis.ts";
import type { PodEvents } from "./podEvents.ts";
import { GRACE_MS, missingSecretIn, type PodStates } from "./podStates.ts";

/** Pods that do not start for another reason than their images. */
export function stuckPods(
    states: PodStates,
    { troubles }: PodEvents,
    pulls: readonly PullFailure[],
    now = Date.now(),
): StuckPod[] {
    const explained = new Set([
        ...states.stuck.map(({ pod }) => pod),
        ...states.waiting.map(({ pod }) => pod),
        ...pulls.flatMap(({ waitingPods }) => waitingPods),
    ]);
    const found = [...states.stuck];
    for (const [pod, node] of states.pending) {
        if (explained.has(pod)) continue;
        const trouble = troubles.get(pod);
        if (trouble !== undefined) {
            const { kind, reason, message } = trouble;
            found.push({ pod, node, kind, reason, message, missingSecret: missingSecretIn(message), blocks: true });
            continue;
        }
        const created = Date.parse(states.createdAt.get(pod) ?? "");
        found.push({
            pod,
            node,
            kind: "unexplained",
            reason: "",
            message: "It has not started, and no event says why: events are kept for an hour.",
            missingSecret: null,
            blocks: now - created > GRACE_MS,
        });
    }
    const order: StuckPod["kind"][] = ["sandbox", "container", "volume", "unscheduled", "unexplained"];
    return found.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.pod < b.pod ? -1 : 1));
}
