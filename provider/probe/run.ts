import { addMessage, type FindingsSoFar, noFindings } from "../../network/probe/findings.ts";
import { agentTask, messageOf } from "../../network/probe/messages.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type {
    HostNetworkFacts,
    MeasuredMtu,
    PathMtuResult,
    Sample,
    VantageReport,
} from "../../network/probe/report.ts";
import { type Findings, reportOf, type VantagePoint } from "../../network/probe/reportOf.ts";
import { HostError } from "../host/hostError.ts";
import type { CommandResult, HostSession } from "../host/session.ts";
import { AGENT_COMMAND, agentInput, PYTHON_TOO_OLD } from "./program.ts";

/** The agent sends a heartbeat every 2 s; after this time without one it counts as stuck. */
const SILENCE_MS = 20_000;
/** Time beyond the plan's budget, for the last timeouts, the path MTU and the facts. */
const GRACE_MS = 60_000;

export interface ProbeOptions {
    signal?: AbortSignal;
    /** Bearer tokens by host name. An API with a token is called both without and with it. */
    tokens?: Record<string, string>;
    /** Called with every sample as it arrives. */
    onSample?: (sample: Sample) => void;
    /** Called once the host has begun to answer, with a function that makes a report of the results so far. */
    onHeard?: (soFar: () => VantageReport) => void;
}

/**
 * Runs a plan on a host and sums up the results. A run that is cut short gives a report of the results until then, with
 * `complete: false`. Throws a `HostError` when nothing could be measured on the host.
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

/** Measures only the path MTU from a host, in both directions. Throws a `HostError` when it cannot. */
export async function measurePathMtu(
    session: HostSession,
    where: Pick<ProbePlan, "endpoints" | "families">,
    options: Pick<ProbeOptions, "signal"> = {},
): Promise<PathMtuMeasurement> {
    const { pathMtu, facts, incompleteReason } = await runAgent(session, ProbePlan.parse(where), false, options);
    if (incompleteReason !== null) throw cannot(session, `${incompleteReason} Nothing was changed. Run it again.`);
    return { result: pathMtu, ipv4: smallestMtu(pathMtu.ipv4), ipv6: smallestMtu(pathMtu.ipv6), facts };
}

/** Reads the host's own network settings, without calling any service. Throws a `HostError` when it cannot. */
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

/** The findings of a run whose host has sent its network facts. */
type Heard = FindingsSoFar & Pick<Findings, "facts">;

async function runAgent(
    session: HostSession,
    plan: ProbePlan,
    rounds: boolean,
    options: Omit<ProbeOptions, "onHeard"> & { onHeard?: (heard: () => Heard) => void },
): Promise<Heard> {
    const found = noFindings();
    const stop = new AbortController();
    const silence = setTimeout(() => stop.abort(), SILENCE_MS);
    const listen = (line: string) => {
        silence.refresh();
        const message = messageOf(line);
        if (typeof message === "string") {
            found.incompleteReason ??= `the probe was cut short: ${message}.`;
            stop.abort();
            return;
        }
        addMessage(found, message, plan.budgetSeconds);
        if (message.kind === "sample") options.onSample?.(message.sample);
        if (message.kind === "facts")
            options.onHeard?.(() => ({
                ...found,
                facts: message.facts,
                incompleteReason: "the run is not over yet.",
            }));
    };

    try {
        const result = await session.exec(AGENT_COMMAND, {
            stdin: agentInput(agentTask(plan, rounds, options.tokens)),
            onLine: listen,
            timeoutMs: plan.budgetSeconds * 1000 + GRACE_MS,
            signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
        });
        if (result.code !== 0 && found.incompleteReason === null) throw startFailure(session, result);
        // An agent that reaches its end says so.
        if (found.seconds === null) found.incompleteReason ??= "the probe stopped in the middle of its run.";
    } catch (error) {
        if (stop.signal.aborted) found.incompleteReason ??= `the probe sent nothing for ${SILENCE_MS / 1000} s.`;
        else if (found.facts === null) throw error;
        else
            found.incompleteReason = `the probe was cut short: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
        clearTimeout(silence);
    }
    const { facts, incompleteReason } = found;
    if (facts === null)
        throw cannot(session, `${incompleteReason ?? "the probe sent no results."} Nothing was changed. Run it again.`);
    return { ...found, facts };
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
