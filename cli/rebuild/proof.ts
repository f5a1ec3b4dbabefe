import type { Proof } from "./mitigations/mitigation.ts";
import { isAboutNewHosts, lastEvidence } from "./probing.ts";
import { outcomeOf, type RebuildState, stageOf } from "./state.ts";

/** What a rebuild shows about the user's workarounds, or undefined while nothing is known of its new hosts. */
export async function proofOf(state: RebuildState, directory: string): Promise<Proof | undefined> {
    if (!isAboutNewHosts(state)) return undefined;
    const evidence = await lastEvidence(state, directory);
    if (evidence === undefined) return undefined;
    const [network, refresh, mirror] = (["network", "refresh", "mirror"] as const).map(
        name => stageOf(state, name).applied,
    );
    const bootstrap = stageOf(state, "bootstrap");
    return {
        evidence,
        newHosts: stageOf(state, "hosts").newHosts,
        nodeMtu: refresh?.nodeMtu ?? null,
        mirror: network?.mirror ? "before" : refresh?.mirror || mirror?.mirror ? "added" : "absent",
        bootstrapAttempts: outcomeOf(bootstrap) === "done" ? bootstrap.attempts.length : 0,
        gates: stageOf(state, "gates").gates,
    };
}
