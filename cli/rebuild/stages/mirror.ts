import { applyStack } from "../applying.ts";
import { lastEvidence, probeAndKeep, pullsAllCame } from "../probing.ts";
import type { Stage } from "../stage.ts";
import { stageOf } from "../state.ts";

/** The last resort: a cache in the own network, for what cannot be mended from there. */
export const mirror: Stage = {
    name: "mirror",
    title: "Add the mirror, if the way out is still flaky",
    intent: ({ stack }) =>
        `nothing, when every host reaches everything; else clearpath up --stack ${stack}, which with clearpath:mirror auto now adds the cache, and probes again`,
    async run(context) {
        const { state, directory } = context;
        const rebuilt = stageOf(state, "probe-rebuilt");
        if (rebuilt.clear) return { outcome: "skipped", summary: "Not needed: every new host reaches everything." };

        const isInPlace = stageOf(state, "refresh").applied?.mirror === true;
        const applying = isInPlace ? undefined : await applyStack(context, { refresh: false });
        if (applying?.outcome === "failed") return applying;
        if (applying && !applying.applied?.mirror)
            return {
                ...applying,
                outcome: "failed",
                summary: `The way out is still flaky (${rebuilt.cause}), and the stack has no mirror to add.`,
                notes: [
                    ...applying.notes,
                    "K3s was not started. Set clearpath:mirror to auto and clearpath:cache in the stack's configuration, or mend the cause, and go on with --resume.",
                ],
            };
        const found = await probeAndKeep(context, "with the mirror");
        const kept = [...(applying?.kept ?? []), ...found.kept];
        const evidence = await lastEvidence({ ...state, stages: [{ ...rebuilt, ...found }] }, directory);
        if (evidence && pullsAllCame(evidence)) {
            const why = `The way out was still flaky (${rebuilt.cause}). With the mirror every node pulls every image.`;
            return { ...applying, ...found, outcome: "done", summary: why, notes: applying?.notes ?? [], kept };
        }
        return {
            ...applying,
            ...found,
            outcome: "failed",
            summary: `Nodes do not get all images even through the mirror. ${found.summary}`,
            notes: [...found.notes, "K3s was not started. Mend what the verdict names, and go on with --resume."],
            kept,
        };
    },
};
