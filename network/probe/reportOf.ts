import { decide, percentile, sequentialTest } from "../statistics.ts";
import type { ProbePlan, Stability } from "./plan.ts";
import type {
    EndpointResult,
    FailureKind,
    HostNetworkFacts,
    Latency,
    PathMtuResult,
    Place,
    PullAttempt,
    PullResult,
    Sample,
    VantageReport,
} from "./report.ts";

/** What a run found, before it is summed up. */
export interface Findings {
    samples: Sample[];
    pulls: PullAttempt[];
    pathMtu: PathMtuResult;
    facts: HostNetworkFacts;
    seconds: number;
    /** Why the run was cut short; null when it was not. */
    incompleteReason: string | null;
}

export interface VantagePoint {
    vantagePoint: string;
    role: VantageReport["role"];
}

/** Sums up one vantage point's run. `startedAt` is an ISO time by the runner's clock. */
export function reportOf(where: VantagePoint, plan: ProbePlan, startedAt: string, found: Findings): VantageReport {
    const { pulls, pathMtu, facts, seconds, incompleteReason } = found;
    // As they were started: failures take their time to show, so in the order of their ends successes would lead.
    const samples = found.samples.toSorted((a, b) => a.at - b.at);
    const roundTripMs = Math.min(...samples.map(({ connectMs = Infinity }) => connectMs));
    return {
        version: 1,
        ...where,
        startedAt,
        seconds,
        complete: incompleteReason === null,
        incompleteReason,
        endpoints: plan.endpoints.map(({ host }) =>
            endpointResult(
                host,
                samples.filter(sample => sample.endpoint === host),
                plan.stability,
                roundTripMs,
            ),
        ),
        pulls: plan.images
            .map(image =>
                pullResult(
                    image,
                    pulls.filter(pull => pull.image === image),
                ),
            )
            .filter(result => result !== null),
        pathMtu,
        facts,
        stability: decide(
            samples.map(sample => isGood(sample, plan.stability)),
            sequentialTest(plan.stability),
        ),
        samples,
    };
}

/** The kernel repeats a SYN after one second (RFC 6298), whatever the round trip takes. */
const SYN_REPEATED_MS = 950;

/** Whether a connection worked, and worked without the seconds that it takes to get around a fault. */
export function isGood(sample: Sample, { slowMs }: Pick<Stability, "slowMs">): boolean {
    return sample.failure === undefined && (sample.tlsMs ?? 0) <= slowMs && (sample.dnsMs ?? 0) <= slowMs;
}

function endpointResult(
    endpoint: string,
    samples: Sample[],
    { slowMs }: Stability,
    roundTripMs: number,
): EndpointResult {
    const succeeded = samples.filter(sample => sample.failure === undefined);
    const failures: Partial<Record<FailureKind, number>> = {};
    const byHello: EndpointResult["byHello"] = {};
    for (const { failure, hello } of samples) {
        if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
        if (hello === undefined) continue;
        const { attempts, failed } = byHello[hello] ?? { attempts: 0, failed: 0 };
        byHello[hello] = { attempts: attempts + 1, failed: failed + (failure === undefined ? 0 : 1) };
    }
    const isLate = ({ connectMs = 0 }: Sample) => connectMs > roundTripMs + SYN_REPEATED_MS;
    const count = (holds: (sample: Sample) => boolean) => succeeded.filter(holds).length;
    return {
        endpoint,
        attempts: samples.length,
        succeeded: succeeded.length,
        failures,
        latency: latencyOf(succeeded.map(sample => sample.totalMs)),
        slow: count(({ tlsMs = 0 }) => tlsMs > slowMs),
        slowDns: count(({ dnsMs = 0 }) => dnsMs > slowMs),
        repeated: count(sample => (sample.retransmits ?? 0) > 0 || isLate(sample)),
        synRepeated: count(isLate),
        byHello,
        byPlace: placesOf(endpoint, samples),
    };
}

function placesOf(endpoint: string, samples: Sample[]): Place[] {
    const byPlace = Map.groupBy(samples, ({ contacted = endpoint, family }) => `${contacted} ${family}`);
    return [...byPlace.values()].map(here => {
        const { contacted: host = endpoint, family = null } = here[0]!;
        const failures: Place["failures"] = {};
        for (const { failure } of here) if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
        return { host, family, attempts: here.length, failures };
    });
}

function latencyOf(milliseconds: number[]): Latency | null {
    if (milliseconds.length === 0) return null;
    const at = (share: number) => Math.round(percentile(milliseconds, share) * 10) / 10;
    return { median: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function pullResult(image: string, pulls: PullAttempt[]): PullResult | null {
    const last = pulls.at(-1);
    if (last === undefined) return null;
    const succeeded = pulls.filter(pull => pull.succeeded);
    return {
        image,
        attempts: pulls.length,
        succeeded: succeeded.length,
        seconds:
            succeeded.length === 0
                ? null
                : percentile(
                      succeeded.map(pull => pull.seconds),
                      0.5,
                  ),
        via: last.via,
        error: pulls.findLast(pull => !pull.succeeded)?.error ?? null,
    };
}
