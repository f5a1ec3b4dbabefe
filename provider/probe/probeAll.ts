import type { ProbePlan } from "../../network/probe/plan.ts";
import type { Sample, VantageReport } from "../../network/probe/report.ts";
import { type Verdict, verdictOf } from "../../network/verdict/index.ts";
import { Connection } from "../host/connection.ts";
import { HostError } from "../host/hostError.ts";
import { Sessions } from "../host/sessions.ts";
import { inNetworkNamespace } from "./inNetworkNamespace.ts";
import { probeHost } from "./run.ts";

/** A host to probe from. */
export interface ProbedHost {
    vantagePoint: string;
    role: VantageReport["role"];
    connection: unknown;
    /** Network namespace on the host to probe from, such as a pod's. With a `*` at the end: the first that matches. */
    networkNamespace?: string;
}

/** The results of all hosts. */
export interface ProbeAllResult {
    /** In the order of the hosts, without those that could not be probed. */
    reports: VantageReport[];
    verdict: Verdict;
    /** Hosts that could not be probed, with the sentence that says why. */
    unprobed: { vantagePoint: string; reason: string }[];
}

export interface ProbeAllOptions {
    /** Called when a host begins. */
    onBegin?: (vantagePoint: string) => void;
    /** Called when a host ends, with a sentence that names the host and its result. */
    onEnd?: (sentence: string, vantagePoint: string) => void;
    onSample?: (vantagePoint: string, sample: Sample) => void;
    /** Called once a host has begun to answer, with a function that makes a report of the results so far. */
    onHeard?: (vantagePoint: string, soFar: () => VantageReport) => void;
    signal?: AbortSignal;
    /** Bearer tokens by host name. An API with a token is called both without and with it. */
    tokens?: Record<string, string>;
}

/**
 * Probes from all hosts at once and judges what they found. Throws the HostError of the first host when none could be
 * probed, and a ZodError on a connection that is not valid.
 */
export async function probeAll(
    hosts: readonly ProbedHost[],
    plan: ProbePlan,
    { onBegin, onEnd, onSample, onHeard, signal, tokens }: ProbeAllOptions = {},
): Promise<ProbeAllResult> {
    const sessions = new Sessions(signal ?? new AbortController().signal);
    const probeFrom = async (probed: ProbedHost): Promise<VantageReport | HostError> => {
        const { vantagePoint, role, connection, networkNamespace } = probed;
        try {
            const host = await sessions.session(Connection.parse(connection));
            const session = networkNamespace ? inNetworkNamespace(host, networkNamespace) : host;
            onBegin?.(vantagePoint);
            const report = await probeHost(
                session,
                { vantagePoint, role, plan: role === "pod" ? { ...plan, images: [] } : plan },
                {
                    signal,
                    tokens,
                    onSample: sample => onSample?.(vantagePoint, sample),
                    onHeard: soFar => onHeard?.(vantagePoint, soFar),
                },
            );
            onEnd?.(`${vantagePoint}: ${summary(report)}`, vantagePoint);
            return report;
        } catch (error) {
            if (!(error instanceof HostError)) throw error;
            const named = byName(error, vantagePoint);
            onEnd?.(named.message, vantagePoint);
            return named;
        }
    };

    try {
        const results = await Promise.all(hosts.map(probeFrom));
        const reports = results.filter((result): result is VantageReport => !(result instanceof HostError));
        const unprobed = results.flatMap((result, index) =>
            result instanceof HostError ? [{ vantagePoint: hosts[index]!.vantagePoint, reason: result.message }] : [],
        );
        const [first] = results;
        if (reports.length === 0 && first instanceof HostError) throw first;
        const vantagePoints = hosts.map(({ vantagePoint }) => vantagePoint);
        return { reports, verdict: verdictOf(reports, { vantagePoints, threshold: plan.stability }), unprobed };
    } finally {
        sessions.close();
    }
}

/** The same error with the host's name in front of its address. */
function byName(error: HostError, name: string): HostError {
    if (error.host === name) return error;
    const words = error.message.slice(`${error.host}: `.length);
    return new HostError(`${name} (${error.host})`, error.reason, words);
}

function summary({ endpoints, pulls, stability, seconds, incompleteReason }: VantageReport): string {
    const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
    const succeeded = sum(endpoints.map(endpoint => endpoint.succeeded));
    const attempts = sum(endpoints.map(endpoint => endpoint.attempts));
    const pulled = pulls.filter(pull => pull.succeeded === pull.attempts).length;
    const images = pulls.length > 0 ? `, ${pulled} of ${pulls.length} images pulled` : "";
    const found = `${stability}: ${succeeded} of ${attempts} connections succeeded${images}, in ${seconds.toFixed(1)} s`;
    return incompleteReason === null ? found : `${found}; ${incompleteReason}`;
}
