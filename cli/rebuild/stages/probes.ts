import { mirrorHelps, probeAndKeep } from "../probing.ts";
import type { Stage, StageContext, StageResult } from "../stage.ts";

const everywhere = ({ stack }: { stack: string }) => `probes from every host of stack ${stack} and keeps the evidence`;

/** The state before the rebuild, which its result is compared with. */
export const probeBefore: Stage = {
    name: "probe-before",
    title: "Probe the internet path as it is now",
    intent: everywhere,
    async run(context) {
        return { outcome: "done", ...(await probeAndKeep(context, "before")) };
    },
};

/** The last probe before anything is destroyed: the new cluster would meet a fault that is still there. */
export const probeNetwork: Stage = {
    name: "probe-network",
    title: "Probe again, with the network layer in place",
    intent: subject =>
        `${everywhere(subject)}; stops here, before the cluster is destroyed, if the network has a fault`,
    run: context =>
        stopAtFault(
            context,
            "with the network layer",
            "Nothing was destroyed. The new cluster would meet the same fault. Repair it, and continue with --resume.",
        ),
};

/** The proof, on new hosts that have no workaround yet. */
export const probeRebuilt: Stage = {
    name: "probe-rebuilt",
    title: "Probe from the new hosts, before K3s starts",
    intent: everywhere,
    run: context =>
        stopAtFault(
            context,
            "rebuilt",
            "No mirror was added, because a mirror would only hide this fault, and K3s was not started. Repair the fault, and continue with --resume.",
        ),
};

/** Probes, and fails with what to do where the probes find a fault that a mirror does not help against. */
async function stopAtFault(context: StageContext, title: string, whatToDo: string): Promise<StageResult> {
    const found = await probeAndKeep(context, title);
    if (found.clear || mirrorHelps(found.cause)) return { outcome: "done", ...found };
    return { outcome: "failed", ...found, notes: [...found.notes, whatToDo] };
}
