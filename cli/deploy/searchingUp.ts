import { MssSearch, wantsAnotherTry } from "../../network/mssSearch.ts";
import { MirrorDecision } from "../../network/pullThrough/decision.ts";
import type { DeployOptions, DeployResult } from "./deploy.ts";
import { deployWithEvidence } from "./upEvidence.ts";

export interface SearchingUpOptions extends DeployOptions {
    /** Directory for the evidence of every step's probes; without it none is written. */
    evidence?: string;
    /** Whether a cache that the probes ask for is added in the same go. Default: true; else the next `up` adds it. */
    addCache?: boolean;
    /** Hears of each step, and of each evidence file. */
    say(sentence: string): void;
}

/**
 * An `up`, and another as long as its probes ask for a smaller MSS, then one with a cache where the way out alone was not
 * stable: the program takes each step from what the last probes said, so a plain `pulumi up`, again and again, goes the
 * same way. One result for all: whether the last one went
 * through, and all that was changed on the way.
 */
export async function searchingUp({
    evidence,
    addCache = true,
    say,
    ...options
}: SearchingUpOptions): Promise<DeployResult> {
    let sum: DeployResult | undefined;
    let judged: string | undefined;
    let askedForCache = !addCache;
    while (true) {
        // Asked once: later steps change only the MSS that the first promised to search.
        const how = sum === undefined ? options : { ...options, refresh: false, confirm: undefined };
        const { result, write } = await deployWithEvidence(how);
        sum = sum === undefined ? result : added(sum, result);

        const search = MssSearch.safeParse(result.outputs.mssSearch).data;
        if (evidence !== undefined && write) say(`evidence: ${await write(evidence, search)}`);
        const last = search?.steps.at(-1);
        // An up that proved nothing new would be followed by the same one for ever.
        const goesOn = search && last && wantsAnotherTry(search) && last.provenAt !== judged;
        if (!goesOn && search && last && Object.values(search.state).includes("not-the-cure")) say(last.sentence);
        if (options.signal?.aborted) return sum;
        if (goesOn) {
            judged = last.provenAt;
            say(last.sentence);
            continue;
        }
        const next = MirrorDecision.safeParse(result.outputs.mirrorNext).data;
        if (!next?.mirror || result.outputs.mirror !== false || askedForCache) return sum;
        askedForCache = true;
        say(`mirror auto: the next step adds a cache. ${next.why}`);
    }
}

/** What two runs did together; how it stands is told by the later one. */
function added(earlier: DeployResult, later: DeployResult): DeployResult {
    return {
        ...later,
        steps: [...earlier.steps, ...later.steps],
        changes: earlier.changes + later.changes,
        seconds: earlier.seconds + later.seconds,
    };
}
