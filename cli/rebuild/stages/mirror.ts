import { join } from "node:path";
import { readEvidence } from "../../evidence/file.ts";
import { applyStack } from "../applying.ts";
import { probeAndKeep, pullsAllCame } from "../probing.ts";
import type { Stage } from "../stage.ts";
import { type RebuildState, stageOf } from "../state.ts";

/** The last resort: a cache in the own network, for what cannot be mended from there. */
export const mirror: Stage = {
    name: "mirror",
    title: "Add the mirror, if the way out is still flaky",
    intent: ({ stack }) =>
        `nothing, when every host reaches everything; else clearpath up --stack ${stack}, which with clearpath:mirror auto now adds the cache`,
    async run(context) {
        const rebuilt = stageOf(context.state, "probe-rebuilt");
        const refreshed = stageOf(context.state, "refresh").applied;
        if (refreshed?.mirror) return { outcome: "done", summary: `It is in place. ${refreshed.mirrorWhy ?? ""}` };
        if (rebuilt.clear) return { outcome: "skipped", summary: "Not needed: every new host reaches everything." };

        const applying = await applyStack(context, { refresh: false, addCache: true });
        if (applying.outcome === "failed") return applying;
        const why = applying.applied?.mirrorWhy ?? "";
        if (applying.applied?.mirror) return { ...applying, summary: `It was added. ${why}` };
        return {
            ...applying,
            outcome: "failed",
            summary: `The way out is still flaky (${rebuilt.cause}), and up added no mirror. ${why}`,
            notes: [
                ...applying.notes,
                "K3s was not started. Set clearpath:mirror to auto and clearpath:cache in the stack's configuration, or mend the cause, and go on with --resume.",
            ],
        };
    },
};

/** The proof that a mirror helps. It comes after K3s has started, which is when a new node first reads its registries. */
export const probeMirror: Stage = {
    name: "probe-mirror",
    title: "Probe through the mirror, with K3s running",
    intent: ({ stack }) =>
        `nothing without a mirror; else probes from every host of stack ${stack} and keeps the evidence`,
    async run(context) {
        if (!hasMirror(context.state)) return { outcome: "skipped", summary: "There is no mirror." };
        const found = await probeAndKeep(context, "through the mirror");
        if (pullsAllCame(await readEvidence(join(context.directory, found.evidence))))
            return { ...found, outcome: "done", summary: `Every node pulls every image. ${found.summary}` };
        return {
            ...found,
            outcome: "failed",
            summary: `Nodes do not get all images even through the mirror. ${found.summary}`,
            notes: [...found.notes, "Mend what the verdict names, and go on with --resume."],
        };
    },
};

function hasMirror(state: RebuildState): boolean {
    return (["refresh", "mirror"] as const).some(name => stageOf(state, name).applied?.mirror);
}
