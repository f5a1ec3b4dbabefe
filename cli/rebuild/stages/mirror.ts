import { join } from "node:path";
import { readEvidence } from "../../evidence/file.ts";
import { applyStack } from "../applying.ts";
import { lastEvidence, probeAndKeep, pullsAllCame } from "../probing.ts";
import type { Stage, StageContext, StageResult } from "../stage.ts";
import { stageOf } from "../state.ts";

/** The last resort: a cache in the own network, for what cannot be mended from there. */
export const mirror: Stage = {
    name: "mirror",
    title: "Add the mirror, if the way out is still flaky",
    intent: ({ stack }) =>
        `nothing, when every host reaches everything; else clearpath up --stack ${stack}, which with clearpath:mirror auto now adds the cache, and probes again`,
    async run(context) {
        const { state } = context;
        const rebuilt = stageOf(state, "probe-rebuilt");
        const refreshed = stageOf(state, "refresh").applied;
        if (refreshed?.mirror) return inPlace(context, refreshed.mirrorWhy ?? "");
        if (rebuilt.clear) return { outcome: "skipped", summary: "Not needed: every new host reaches everything." };
        return added(context, rebuilt.cause ?? "unknown");
    },
};

/** The program decided for it earlier, by what its own probes found: the last ones of the rebuild were made through it. */
async function inPlace({ state, directory }: StageContext, why: string): Promise<StageResult> {
    const evidence = await lastEvidence(state, directory);
    if (evidence && pullsAllCame(evidence))
        return { outcome: "done", summary: `It is in place, and every node pulls every image. ${why}` };
    return {
        outcome: "failed",
        summary: `It is in place, and nodes do not get all images all the same. ${evidence?.verdict.summary ?? ""}`,
        notes: ["K3s was not started. Mend what the verdict names, and go on with --resume."],
    };
}

async function added(context: StageContext, cause: string): Promise<StageResult> {
    const applying = await applyStack(context, { refresh: false, addCache: true });
    if (applying.outcome === "failed") return applying;
    if (!applying.applied?.mirror)
        return {
            ...applying,
            outcome: "failed",
            summary: `The way out is still flaky (${cause}), and up added no mirror. ${applying.applied?.mirrorWhy ?? ""}`,
            notes: [
                ...applying.notes,
                "K3s was not started. Set clearpath:mirror to auto and clearpath:cache in the stack's configuration, or mend the cause, and go on with --resume.",
            ],
        };
    const found = await probeAndKeep(context, "with the mirror");
    const kept = [...applying.kept, ...found.kept];
    if (pullsAllCame(await readEvidence(join(context.directory, found.evidence)))) {
        const summary = `The way out was still flaky (${cause}). With the mirror every node pulls every image.`;
        return { ...applying, ...found, outcome: "done", summary, notes: applying.notes, kept };
    }
    return {
        ...applying,
        ...found,
        outcome: "failed",
        summary: `Nodes do not get all images even through the mirror. ${found.summary}`,
        notes: [...found.notes, "K3s was not started. Mend what the verdict names, and go on with --resume."],
        kept,
    };
}
