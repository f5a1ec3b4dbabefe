import { labDown, labUp } from "../network/lab.ts";
import { parseScenario } from "../network/scenario.ts";
import type { LabHost } from "../network/topology.ts";
import { tryReboots, tryRebuild } from "./boots.ts";
import { CUT_OFFS, tryCutOff } from "./cutOff.ts";
import { commonPlaces, type Fault, keyOf, NEXT, plannedFaults, WORKS, type Work } from "./fault.ts";
import { Lane } from "./lane.ts";
import { tryLossyNetwork, trySlowHosts } from "./slowLines.ts";
import { ended, strike } from "./strike.ts";
import { tryOneHost, tryOneState } from "./twoAtOnce.ts";

export interface FaultCampaignOptions {
    instance?: string;
    /** How many faults to try. */
    count: number;
    /** Start of every draw. */
    seed: string;
    /** Keys of faults to try, and no others. */
    only?: readonly string[];
    /** Names of the cases to try; all when left out. */
    cases?: readonly string[];
    /** How many pairs of hosts are worked on side by side. */
    lanes: number;
    onProgress(sentence: string): void;
    /** Aborts when the lab is taken down meanwhile: what is seen from then on means nothing. */
    signal?: AbortSignal;
}

/** One fault that was tried, and what it has cost. */
export interface TriedFault {
    fault: Fault;
    /** What was under way when it struck; undefined when the run ended before it came there. */
    at: string | undefined;
    /** Each thing that was lost, in words; empty when all was well in the end. */
    lost: string[];
    seconds: number;
}

/** Something that is tried once on a stack that is up. */
interface Case {
    name: string;
    /** Returns what was lost, in words. */
    attempt(lane: Lane): Promise<string[]>;
    /** Whether every pair of hosts has to go through it, because links are set up in another way on each. */
    onEachLane?: boolean;
}

export interface TriedCase {
    name: string;
    lost: string[];
    seconds: number;
}

export interface CampaignResult {
    faults: TriedFault[];
    cases: TriedCase[];
}

const CASES: readonly Case[] = [
    ...CUT_OFFS.map(cut => ({ name: `a change that ${cut.name}`, attempt: (lane: Lane) => tryCutOff(lane, cut) })),
    { name: "two runs on one state", attempt: tryOneState },
    { name: "two stacks on one host", attempt: tryOneHost },
    { name: "a network that loses one packet in ten", attempt: tryLossyNetwork },
    { name: "hosts that are slow", attempt: trySlowHosts },
    { name: "a host rebuilt in the middle of an up", attempt: tryRebuild },
    { name: "reboots after an up and after a destroy", attempt: tryReboots, onEachLane: true },
];

/** The hosts of each lane: netplan beside ifupdown2, networkd beside ifupdown, and then ifupdown2 alone. */
const LANES: readonly (readonly [LabHost, LabHost])[] = [
    ["cp1", "worker2"],
    ["worker1", "worker3"],
    ["worker4", "worker5"],
];
const WORKERS = [2, 3, 5];
/** A plugin without an engine has 4.5 s to finish or to take back. */
const ORPHAN_MS = 10_000;
/** A run may wait for a host that is off, and then for the change that it takes back. */
const RUN_MS = 180_000;

/**
 * Tries faults on a lab of its own: each strikes a run in the middle, and the next run alone has to put everything
 * right. The cases come first, on one pair of hosts. The lab is down in the end.
 */
export async function faultCampaign(options: FaultCampaignOptions): Promise<CampaignResult> {
    const { instance, count, seed, lanes: wanted, onProgress } = options;
    const number = Math.min(wanted, LANES.length);
    const lab = await labUp({ instance, scenario: parseScenario({}), workers: WORKERS[number - 1]!, onProgress });
    const lanes = LANES.slice(0, number).map((hosts, index) => new Lane(lab, `lane${index + 1}`, hosts));
    try {
        const places = commonPlaces(await Promise.all(lanes.map(lane => lane.learn())));
        const planned = plannedFaults(places, count, seed).filter(
            fault => options.only === undefined || options.only.includes(keyOf(fault)),
        );
        onProgress(`${planned.length} faults, seed ${seed}, places: ${JSON.stringify(places)}`);
        const queues = Object.fromEntries(
            WORKS.map(work => [work, planned.filter(fault => fault.work === work)]),
        ) as Record<Work, Fault[]>;
        const faults: TriedFault[] = [];
        const tell = (one: TriedFault) => {
            options.signal?.throwIfAborted();
            faults.push(one);
            onProgress(`${faults.length} of ${planned.length}  ${inWords(one)}`);
        };
        const cases: TriedCase[] = [];
        const wantedCases = CASES.filter(({ name }) => options.cases === undefined || options.cases.includes(name));
        await Promise.all(
            lanes.map(async (lane, index) => {
                const here = wantedCases.filter(({ onEachLane }) => index === 0 || onEachLane);
                cases.push(...(await tryCases(lane, here, onProgress)));
                await workThrough(lane, queues, tell);
            }),
        );
        return { faults, cases };
    } finally {
        await labDown(lab.instance);
        await Promise.all(lanes.map(lane => lane.stack.remove()));
    }
}

async function tryCases(lane: Lane, cases: readonly Case[], onProgress: (sentence: string) => void) {
    const tried: TriedCase[] = [];
    if (cases.length === 0) return tried;
    for (const one of cases) {
        const { attempt } = one;
        const name = one.onEachLane ? `${one.name}, ${lane.stack.hosts.join(" and ")}` : one.name;
        const began = Date.now();
        const up = await lane.finish("create");
        const lost = up.ok ? await attempt(lane) : [`the run before it failed: ${up.messages.join("; ")}`];
        const seconds = (Date.now() - began) / 1000;
        tried.push({ name, lost, seconds });
        onProgress(
            `${name} (${seconds.toFixed(0)} s): ${lost.length === 0 ? "nothing lost" : `LOST: ${lost.join("; ")}`}`,
        );
        if (lost.length > 0) await lane.renew();
    }
    const down = await lane.finish("destroy");
    const left = down.ok ? await lane.differences("destroy") : [`the destroy failed: ${down.messages.join("; ")}`];
    if (left.length > 0) {
        tried.push({ name: "a destroy after all cases", lost: left, seconds: 0 });
        await lane.renew();
    }
    return tried;
}

/** Takes a stack through its life again and again, with a fault in each work as long as there are any left. */
async function workThrough(
    lane: Lane,
    queues: Record<Work, Fault[]>,
    tell: (tried: TriedFault) => void,
): Promise<void> {
    const missed = new Set<Fault>();
    while (WORKS.some(work => queues[work].length > 0)) {
        for (const work of WORKS) {
            const fault = queues[work].shift();
            if (fault === undefined) {
                if (work === "abandon") continue;
                const end = await lane.finish(work);
                if (!end.ok) throw new Error(`a run without a fault failed: ${end.messages.join("; ")}`);
                continue;
            }
            const tried = await tryFault(lane, fault);
            // A run that had to wait for nothing takes a command or two less than the one that was counted.
            if (tried.at === undefined && !missed.has(fault)) {
                missed.add(fault);
                queues[work].push(fault);
                continue;
            }
            tell(tried);
            if (tried.lost.length > 0) {
                await lane.renew();
                break;
            }
        }
    }
}

/** Strikes once and looks at what the next run makes of it. */
async function tryFault(lane: Lane, fault: Fault): Promise<TriedFault> {
    const { lab, stack } = lane;
    const { work, place, kind } = fault;
    const began = Date.now();
    const result = (at: string | undefined, lost: string[]) => ({
        fault,
        at,
        lost,
        seconds: (Date.now() - began) / 1000,
    });

    const stopped = await lane.startUntil(work, place);
    if (stopped === undefined) {
        if (NEXT[work] !== work) await lane.finish(NEXT[work]);
        return result(undefined, ["the place was not reached"]);
    }
    const { run, at, host } = stopped;
    const processes = await strike(kind, { lab, stack, run, host });
    if (place.of !== "engine") await lane.at(host).release();
    else if (kind !== "runner" && kind !== "engine") run.goOn();
    const lost: string[] = [];
    const isOver = await ended(kind === "engine" ? processes.slice(0, 1) : processes, RUN_MS);
    if (!isOver) {
        lost.push("the run did not end");
        run.kill();
    }

    // A run that reports success must not have taken its changes back.
    const end = isOver ? await run.ended : undefined;
    if (end?.ok)
        lost.push(
            ...(await lane.differences(work)).map(
                difference => `the struck run reported success, and still: ${difference}`,
            ),
        );
    const unreadable = await lane.unreadableState();
    if (unreadable !== undefined) lost.push(`the state: ${unreadable}`);
    const next = await lane.finish(NEXT[work]);
    if (!next.ok) lost.push(`the next run failed: ${next.messages.join("; ")}`);
    if (!(await ended(processes, ORPHAN_MS))) lost.push("a process of the struck run goes on");
    if (next.ok) lost.push(...(await lane.differences(NEXT[work])));
    return result(at, lost);
}

function inWords({ fault, at, lost, seconds }: TriedFault): string {
    const outcome = lost.length === 0 ? "recovered" : `LOST: ${lost.join("; ")}`;
    return `${keyOf(fault)} (${seconds.toFixed(0)} s) at ${at ?? "nothing"}: ${outcome}`;
}
