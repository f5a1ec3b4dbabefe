import { AgentMessage, agentTask } from "../../network/probe/messages.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type {
    HostNetworkFacts,
    MeasuredMtu,
    PathMtuResult,
    Sample,
    VantageReport,
} from "../../network/probe/report.ts";
import { type PullAttempt, reportOf, type VantagePoint } from "../../network/probe/reportOf.ts";
import { HostError } from "../host/hostError.ts";
import type { CommandResult, HostSession } from "../host/session.ts";
import { AGENT_COMMAND, agentInput, PYTHON_TOO_OLD } from "./program.ts";

/** The agent sends a heartbeat every 2 s. */
const SILENCE_MS = 20_000;
/** Beyond the plan's budget: the last timeouts, the path MTU, the facts. */
const GRACE_MS = 60_000;

export interface ProbeOptions {
    signal?: AbortSignal;
    /** Bearer tokens by the host of the API that takes them: it is then called with its token, too. */
    tokens?: Record<string, string>;
    /** Called with every sample as it arrives. */
    onSample?: (sample: Sample) => void;
    /** Called once the host has begun to answer: gives the report of what was found by the time it is asked. */
    onHeard?: (soFar: () => VantageReport) => void;
}

/**
 * Runs a plan on a host and sums up what it found. A run that is cut short gives a report of what came until then, with
 * `complete: false`; a host on which nothing could be measured is a `HostError`.
 */
export async function probeHost(
    session: HostSession,
    where: VantagePoint & { plan: ProbePlan },
    options: ProbeOptions = {},
): Promise<VantageReport> {
    const { plan, ...vantagePoint } = where;
    const startedAt = new Date();
    const report = (heard: Heard) =>
        reportOf(vantagePoint, plan, startedAt.toISOString(), {
            ...heard,
            seconds: heard.seconds ?? (Date.now() - startedAt.getTime()) / 1000,
        });
    const onHeard = options.onHeard && ((heard: () => Heard) => options.onHeard!(() => report(heard())));
    return report(await runAgent(session, plan, true, { ...options, onHeard }));
}

export interface PathMtuMeasurement {
    result: PathMtuResult;
    ipv4: number | null;
    ipv6: number | null;
    facts: HostNetworkFacts;
}

/** Searches the path MTU from a host, in both directions, and nothing else. Throws `HostError`. */
export async function measurePathMtu(
    session: HostSession,
    where: Pick<ProbePlan, "endpoints" | "families">,
    options: Pick<ProbeOptions, "signal"> = {},
): Promise<PathMtuMeasurement> {
    const { pathMtu, facts, incompleteReason } = await runAgent(session, ProbePlan.parse(where), false, options);
    if (incompleteReason !== null) throw cannot(session, `${incompleteReason} Nothing was changed. Run it again.`);
    return { result: pathMtu, ipv4: smallestMtu(pathMtu.ipv4), ipv6: smallestMtu(pathMtu.ipv6), facts };
}

/** What the host says about its own network; nothing is called from it. Throws `HostError`. */
export async function hostFacts(
    session: HostSession,
    options: Pick<ProbeOptions, "signal"> = {},
): Promise<HostNetworkFacts> {
    const nothing = ProbePlan.parse({ endpoints: [{ host: "localhost" }], pathMtu: false, families: [] });
    return (await runAgent(session, nothing, false, options)).facts;
}

/** The smaller of both directions, in bytes; null when neither was measured. */
export function smallestMtu(measured: PathMtuResult["ipv4"]): number | null {
    const found = [measured?.download, measured?.upload].filter((mtu): mtu is MeasuredMtu => !!mtu);
    return found.length === 0 ? null : Math.min(...found.map(mtu => mtu.bytes));
}

interface Heard {
    samples: Sample[];
    pulls: PullAttempt[];
    pathMtu: PathMtuResult;
    facts: HostNetworkFacts;
    seconds: number | null;
    incompleteReason: string | null;
}

async function runAgent(
    session: HostSession,
    plan: ProbePlan,
    rounds: boolean,
    options: Omit<ProbeOptions, "onHeard"> & { onHeard?: (heard: () => Heard) => void },
): Promise<Heard> {
    const samples: Sample[] = [];
    const pulls: PullAttempt[] = [];
    let pathMtu: PathMtuResult = { ipv4: null, ipv6: null };
    let facts: HostNetworkFacts | undefined;
    let seconds: number | null = null;
    let incompleteReason: string | null = null;

    const stop = new AbortController();
    const silence = setTimeout(() => stop.abort(), SILENCE_MS);
    const listen = (line: string) => {
        silence.refresh();
        const message = readMessage(line);
        if (typeof message === "string") {
            incompleteReason ??= `the probe was cut short: ${message}.`;
            stop.abort();
            return;
        }
        if (message.kind === "sample") {
            samples.push(message.sample);
            options.onSample?.(message.sample);
        } else if (message.kind === "pull") pulls.push(message.pull);
        else if (message.kind === "pathMtu") pathMtu = message.pathMtu;
        else if (message.kind === "facts") {
            facts = message.facts;
            const known = facts;
            options.onHeard?.(() => ({
                samples,
                pulls,
                pathMtu,
                facts: known,
                seconds,
                incompleteReason: "it goes on.",
            }));
        } else if (message.kind === "failed") incompleteReason = `the probe failed: ${message.message}.`;
        else if (message.kind === "end") {
            seconds = message.seconds;
            if (message.outOfTime)
                incompleteReason = `the budget of ${plan.budgetSeconds} s ended before the rounds did.`;
        }
    };

    try {
        const result = await session.exec(AGENT_COMMAND, {
            stdin: agentInput(agentTask(plan, rounds, options.tokens)),
            onLine: listen,
            timeoutMs: plan.budgetSeconds * 1000 + GRACE_MS,
            signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
        });
        if (result.code !== 0 && incompleteReason === null) throw startFailure(session, result);
        // An agent that comes to its end says so.
        if (seconds === null) incompleteReason ??= "the probe ended in the middle of its run.";
    } catch (error) {
        if (stop.signal.aborted) incompleteReason ??= `the probe gave no sign of life for ${SILENCE_MS / 1000} s.`;
        else if (facts === undefined) throw error;
        else incompleteReason = `the probe was cut short: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
        clearTimeout(silence);
    }
    if (facts === undefined)
        throw cannot(
            session,
            `${incompleteReason ?? "the probe ended without a word."} Nothing was changed. Run it again.`,
        );
    return { samples, pulls, pathMtu, facts, seconds, incompleteReason };
}

/** One line of the agent's answer, or what is wrong with it. */
function readMessage(line: string): AgentMessage | string {
    let json: unknown;
    try {
        json = JSON.parse(line);
    } catch {
        return `an answer that is not JSON: ${line.slice(0, 80)}`;
    }
    const parsed = AgentMessage.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    return `an answer that is not valid at ${issue.path.join(".") || "its top"}: ${issue.message}`;
}

function startFailure(session: HostSession, { code, stderr }: CommandResult): HostError {
    if (code === 127 || code === 126)
        return new HostError(
            session.host,
            "missing-program",
            "there is no python3, which the probe runs on. Nothing was changed. Install it with `apt-get install python3`, or let HostPrerequisites do it.",
        );
    if (code === PYTHON_TOO_OLD)
        return cannot(
            session,
            `Python ${stderr.trim()} is too old. Nothing was changed. The probe needs 3.9 or later.`,
        );
    const last = stderr.trim().split("\n").at(-1) || "no message";
    return cannot(session, `the probe ended with code ${code}: "${last}". Nothing was changed. Run it again.`);
}

function cannot(session: HostSession, message: string): HostError {
    return new HostError(session.host, "step", message);
}
