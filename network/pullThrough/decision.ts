import { z } from "zod";
import type { Verdict } from "../verdict/index.ts";

/** Whether nodes pull through a cache: never, always, or where the way out alone was not steady. */
export const MirrorSetting = z.enum(["auto", "always", "never"]);
export type MirrorSetting = z.infer<typeof MirrorSetting>;

/** Whether there is to be a cache, and the evidence that decided. */
export const MirrorDecision = z.object({
    mirror: z.boolean().describe("Whether nodes pull through a cache."),
    why: z.string().describe("What decided, in one or two sentences."),
});
export type MirrorDecision = z.infer<typeof MirrorDecision>;

/** What was recorded by the last `up`. */
export interface LastOutcome {
    /** What its probes said, after every change of the `up`. */
    verdict: Verdict;
    /** What it had decided. */
    decision: MirrorDecision;
    /** Whether the next `up` tries a smaller MSS. Until the search ends, a verdict says nothing for or against a cache. */
    stillSearching: boolean;
}

/**
 * Decides from what the last `up` recorded. A cache that was once decided for stays until the setting is `never`: what is
 * measured through it says nothing of the way without it, so the next verdict must not take it away again.
 */
export function decideMirror(setting: MirrorSetting, last: LastOutcome | undefined): MirrorDecision {
    if (setting !== "auto") return { mirror: setting === "always", why: `mirror is ${setting}.` };
    if (last === undefined)
        return {
            mirror: false,
            why: "No verdict is recorded yet. This up clamps and probes; the next one decides by its verdict.",
        };
    if (last.decision.mirror) return last.decision;
    const unsteady = unsteadyIn(last.verdict);
    const seen = seenIn(last.verdict, unsteady);
    if (unsteady.length === 0) return { mirror: false, why: `The last verdict was stable: ${seen}` };
    if (last.stillSearching)
        return { mirror: false, why: "The search for an MSS has not ended. The verdict after it decides." };
    return { mirror: true, why: `The last verdict was not stable on ${unsteady.join(", ")}: ${seen}` };
}

/** Vantage points from which the way out was not proven stable. */
function unsteadyIn({ stability }: Verdict): string[] {
    return Object.keys(stability)
        .filter(vantagePoint => stability[vantagePoint] !== "stable")
        .sort();
}

/** The verdict in one sentence, and what showed it: from where the way out was not stable, if anything. */
function seenIn({ summary, evidence }: Verdict, unsteady: readonly string[]): string {
    const shown = evidence.find(({ vantagePoint }) => unsteady.includes(vantagePoint)) ?? evidence[0];
    return shown === undefined ? summary : `${summary} ${shown.vantagePoint}: ${shown.statement.replace(/\.?$/, ".")}`;
}
