import { mirrorHelps, probeAndKeep } from "../probing.ts";
import type { Stage, StageContext, StageResult } from "../stage.ts";

const everywhere = ({ stack }: { stack: string }) => `probes from every host of stack ${stack} and keeps the evidence`;

/** How it was: what the rebuild is measured against. */
export const probeBefore: Stage = {
    name: "probe-before",
    title: "Probe the way out as it is",
    intent: everywhere,
    async run(context) {
        return { outcome: "done", ...(await probeAndKeep(context, "before")) };
    },
};

/** The last look before anything is destroyed: a fault that is still there would be met again by the new cluster. */
export const probeNetwork: Stage = {
    name: "probe-network",
    title: "Probe again, with the network layer in place",
    intent: subject =>
        `${everywhere(subject)}; stops here, with the cluster still standing, while the network is at fault`,
    run: context =>
        stopAtFault(
            context,
            "with the network layer",
            "Nothing was destroyed. The new cluster would meet the same fault: mend it, and go on with --resume.",
        ),
};

/** The proof on hosts that nobody has worked around anything on. */
export const probeRebuilt: Stage = {
    name: "probe-rebuilt",
    title: "Probe from the new hosts, before K3s starts",
    intent: everywhere,
    run: context =>
        stopAtFault(
            context,
            "rebuilt",
            "A mirror would hide this fault, not mend it, so none was added, and K3s was not started. Mend it, and go on with --resume.",
        ),
};

/** Probes, and fails with what to do where a fault is met that a mirror does not help against. */
async function stopAtFault(context: StageContext, title: string, whatToDo: string): Promise<StageResult> {
    const found = await probeAndKeep(context, title);
    if (found.clear || mirrorHelps(found.cause)) return { outcome: "done", ...found };
    return { outcome: "failed", ...found, notes: [...found.notes, whatToDo] };
}
