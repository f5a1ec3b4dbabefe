import { join } from "node:path";
import { readEvidence } from "../../evidence/file.ts";
import { applyStack } from "../applying.ts";
import { probeAndKeep, pullsAllCame } from "../probing.ts";
import type { Stage } from "../stage.ts";
import { type RebuildState, stageOf } from "../state.ts";

/** The last resort: a cache in the local network, against faults that nobody there can repair. */
export const mirror: Stage = {
    name: "mirror",
    title: "Add the mirror, if the internet path is still unreliable",
    intent: ({ stack }) =>
        `does nothing if every host reaches everything; else runs clearpath up --stack ${stack}, which adds the cache if clearpath:mirror is auto`,
    async run(context) {
        const rebuilt = stageOf(context.state, "probe-rebuilt");
        const refreshed = stageOf(context.state, "refresh").applied;
        if (refreshed?.mirror)
            return { outcome: "done", summary: `The mirror is already in place. ${refreshed.mirrorWhy ?? ""}` };
        if (rebuilt.clear) return { outcome: "skipped", summary: "Not needed: every new host reaches everything." };

        const applying = await applyStack(context, { refresh: false, addCache: true });
        if (applying.outcome === "failed") return applying;
        const why = applying.applied?.mirrorWhy ?? "";
        if (applying.applied?.mirror) return { ...applying, summary: `The mirror was added. ${why}` };
        return {
            ...applying,
            outcome: "failed",
            summary: `The internet path is still unreliable (${rebuilt.cause}), and up added no mirror. ${why}`,
            notes: [
                ...applying.notes,
                "K3s was not started. Set clearpath:mirror to auto and clearpath:cache in the stack's configuration, or repair the cause, and continue with --resume.",
            ],
        };
    },
};

/** The proof that a mirror helps. It comes after K3s has started, which is when a new node first reads its registries. */
export const probeMirror: Stage = {
    name: "probe-mirror",
    title: "Probe through the mirror, with K3s running",
    intent: ({ stack }) =>
        `does nothing without a mirror; else probes from every host of stack ${stack} and keeps the evidence`,
    async run(context) {
        if (!hasMirror(context.state)) return { outcome: "skipped", summary: "There is no mirror." };
        const found = await probeAndKeep(context, "through the mirror");
        if (pullsAllCame(await readEvidence(join(context.directory, found.evidence))))
            return { ...found, outcome: "done", summary: `Every node pulls every image. ${found.summary}` };
        return {
            ...found,
            outcome: "failed",
            summary: `Some nodes cannot pull every image, even through the mirror. ${found.summary}`,
            notes: [...found.notes, "Repair the fault that the verdict names, and continue with --resume."],
        };
    },
};

function hasMirror(state: RebuildState): boolean {
    return (["refresh", "mirror"] as const).some(name => stageOf(state, name).applied?.mirror);
}
