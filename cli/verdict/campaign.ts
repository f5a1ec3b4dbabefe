import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, labDown, labUp } from "../../lab/lab.ts";
import { loadScenario, parseScenario, type Scenario } from "../../lab/scenario.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";
import { unmet } from "../lab/expectation.ts";
import { inRunner } from "../lab/inRunner.ts";
import { probedHosts } from "../lab/journey.ts";
import { labProbePlan } from "../lab/stack.ts";
import { repositoryRoot } from "../root.ts";
import { labelOf, type Outcome } from "./matrix.ts";
import { vary } from "./vary.ts";

const SCENARIOS = join(repositoryRoot, "lab/scenarios");

/** Stands in the matrix for a run that could not be probed. */
const NO_VERDICT = "no verdict";

export interface CampaignOptions {
    instance?: string;
    scenarios: readonly Scenario[];
    /** How often each scenario is set, in other numbers every time. */
    runs: number;
    /** Start of every draw. */
    seed: number;
    /** Directory for what was drawn, expected and found in each run. */
    record?: string;
    onProgress(sentence: string): void;
}

/** One network that was probed and judged. */
export interface CampaignRun extends Outcome {
    scenario: string;
    run: number;
    /** Each expectation that did not hold, in words. */
    unmet: string[];
    seconds: number;
}

/** The scenarios of the repository that say what verdict they deserve, or those of them that are named. */
export function judgedScenarios(names: readonly string[] = []): Scenario[] {
    const all = readdirSync(SCENARIOS)
        .filter(file => file.endsWith(".json"))
        .sort()
        .map(file => loadScenario(join(SCENARIOS, file)))
        .filter(({ expect }) => expect.before?.cause !== undefined);
    const unknown = names.filter(name => !all.some(scenario => scenario.name === name));
    if (unknown.length > 0) {
        throw new Error(`No scenario with an expected verdict is named ${unknown.join(", ")}. Look in lab/scenarios.`);
    }
    return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/**
 * Sets one lab to every scenario in turn, probes it from all hosts and compares the verdict with the expected one. The
 * lab is booted once, and is down in the end.
 */
export async function campaign({ instance, scenarios, runs, onProgress, ...options }: CampaignOptions) {
    const workers = Math.max(...scenarios.map(({ nodes }) => nodes.workers));
    const done: CampaignRun[] = [];
    const lab = await labUp({ instance, scenario: parseScenario({}), workers, onProgress });
    try {
        for (let run = 1; run <= runs; run++) {
            for (const scenario of scenarios) {
                const judged = await judge(lab, scenario, run, options);
                done.push(judged);
                onProgress(`${done.length} of ${runs * scenarios.length}  ${sentenceOf(judged)}`);
            }
        }
    } finally {
        await labDown(lab.instance);
    }
    return done;
}

async function judge(
    lab: Lab,
    scenario: Scenario,
    run: number,
    { seed, record }: Pick<CampaignOptions, "seed" | "record">,
): Promise<CampaignRun> {
    const started = performance.now();
    const drawn = vary(scenario, `${seed}/${run}`);
    const expected = drawn.expect.before ?? {};
    let found: ProbeAllResult;
    try {
        await lab.setScenario(drawn);
        found = await inRunner(lab.instance, { kind: "probe", hosts: probedHosts(lab), plan: labProbePlan(lab) });
    } catch (error) {
        const { message } = error as Error;
        const seconds = (performance.now() - started) / 1000;
        return {
            scenario: scenario.name,
            run,
            expected: labelOf(expected),
            named: NO_VERDICT,
            unmet: [message],
            seconds,
        };
    }
    const judged = {
        scenario: scenario.name,
        run,
        expected: labelOf(expected),
        named: labelOf(expected.direction === undefined ? { cause: found.verdict.cause } : found.verdict),
        unmet: [
            ...unmet(expected, found.verdict),
            ...found.unprobed.map(({ vantagePoint, reason }) => `${vantagePoint} was not probed: ${reason}`),
        ],
        seconds: (performance.now() - started) / 1000,
    };
    if (record) await writeRecord(record, judged, drawn, found);
    return judged;
}

async function writeRecord(directory: string, judged: CampaignRun, drawn: Scenario, found: ProbeAllResult) {
    await mkdir(directory, { recursive: true });
    const file = join(directory, `${judged.scenario}-${judged.run}.json`);
    await writeFile(file, `${JSON.stringify({ ...judged, drawn, ...found })}\n`);
}

function sentenceOf({ scenario, run, named, unmet: misses, seconds }: CampaignRun): string {
    const said = misses.length === 0 ? `right: ${named}` : `WRONG: ${misses.join("; ")}`;
    return `${scenario} run ${run} (${seconds.toFixed(0)} s): ${said}`;
}
