import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../../cli/root.ts";
import type { ProbeAllResult, ProbedHost } from "../../provider/probe/probeAll.ts";
import { unmet } from "../journey/expectation.ts";
import { inRunner } from "../journey/inRunner.ts";
import { probedHosts } from "../journey/journey.ts";
import { labProbePlan } from "../journey/stack.ts";
import { type Lab, labDown, labStatus, labUp } from "../network/lab.ts";
import { loadScenario, parseScenario, type Scenario } from "../network/scenario.ts";
import { defaultInstance, nodeNames } from "../network/topology.ts";
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
    /** Labs to set scenarios in side by side. Probes mostly wait, so two share two cores well. */
    labs?: number;
    /** Whether the scenarios' numbers stay as they are written. */
    asWritten?: boolean;
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
 * Sets a lab to every scenario in turn, probes it from all hosts and compares the verdict with the expected one. Several
 * labs share the scenarios. They are booted once, and are down in the end.
 */
export async function campaign({ instance = defaultInstance(), labs = 1, ...options }: CampaignOptions) {
    const { scenarios, runs, onProgress } = options;
    const workers = Math.max(...scenarios.map(({ nodes }) => nodes.workers));
    const waiting = Array.from({ length: runs }, (_, run) =>
        scenarios.map(scenario => ({ scenario, run: run + 1 })),
    ).flat();
    const inAll = waiting.length;
    const done: CampaignRun[] = [];
    const work = async (name: string) => {
        const lab = await labUp({ instance: name, scenario: parseScenario({}), workers, onProgress });
        try {
            for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
                const judged = await judge(lab, next.scenario, next.run, options);
                // Stopped, or broken: what would follow is no verdict of anything.
                if (judged.named === NO_VERDICT && !labStatus(name).up) throw new Error(judged.unmet[0]);
                done.push(judged);
                onProgress(`${done.length} of ${inAll}  ${sentenceOf(judged)}`);
            }
        } finally {
            await labDown(name);
        }
    };
    const names = Array.from({ length: labs }, (_, index) => (index === 0 ? instance : `${instance}${index + 1}`));
    const ended = await Promise.allSettled(names.map(work));
    for (const result of ended) if (result.status === "rejected") throw result.reason;
    return done;
}

async function judge(
    lab: Lab,
    scenario: Scenario,
    run: number,
    { seed, record, asWritten }: Pick<CampaignOptions, "seed" | "record" | "asWritten">,
): Promise<CampaignRun> {
    const started = performance.now();
    const drawn = asWritten ? scenario : vary(scenario, `${seed}/${run}`);
    const expected = drawn.expect.before ?? {};
    let found: ProbeAllResult;
    try {
        await lab.setScenario(drawn);
        found = await inRunner(lab.instance, { kind: "probe", hosts: vantagePointsOf(lab), plan: labProbePlan(lab) });
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

/** The gateway, and as many nodes and pods as the scenario has: the lab may have more, for others. */
function vantagePointsOf(lab: Lab): ProbedHost[] {
    const hosts = ["pve", ...nodeNames(lab.scenario.nodes.workers)];
    return probedHosts(lab).filter(({ vantagePoint }) => hosts.includes(vantagePoint.replace("/pod", "")));
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
