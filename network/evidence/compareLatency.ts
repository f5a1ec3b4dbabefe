import type { Latency, Sample, VantageReport } from "../probe/report.ts";
import { percentile } from "../statistics.ts";
import type { LatencyChange } from "./change.ts";
import { PHASES, type Phase, phaseMs } from "./phase.ts";
import { rankTest, type Shift, type Stratum } from "./rankTest.ts";

/**
 * The smallest shift that is worth reporting: two runs at different times of day differ by this much on a healthy path, which no
 * test within the runs can know.
 */
const WORTH_MS = 25;
const WORTH_SHARE = 0.25;

/**
 * Compares the times of each phase from one vantage point to each endpoint, of connections that ended the phase. A
 * judgement here is still without regard to how many tests there are: `pValue` has to be adjusted.
 */
export function latencyChanges(
    { vantagePoint, before, after }: { vantagePoint: string; before: VantageReport; after: VantageReport },
    confidence: number,
): LatencyChange[] {
    const [former, latter] = [byEndpoint(before), byEndpoint(after)];
    return after.endpoints.flatMap(({ endpoint }) =>
        PHASES.flatMap(phase => {
            const [was, is] = [former.get(endpoint) ?? [], latter.get(endpoint) ?? []];
            const shift = rankTest(strataOf(was, is, phase), confidence);
            if (shift === null) return [];
            const [ofBefore, ofAfter] = [timesOf(was, phase), timesOf(is, phase)];
            return [
                {
                    kind: "latency" as const,
                    judgement: judged(shift, ofBefore.median),
                    vantagePoint,
                    subject: endpoint,
                    phase,
                    before: ofBefore,
                    after: ofAfter,
                    shiftMs: shift.shift,
                    interval: shift.interval,
                    pValue: shift.pValue,
                },
            ];
        }),
    );
}

function byEndpoint({ samples }: VantageReport): Map<string, Sample[]> {
    return Map.groupBy(samples, ({ endpoint }) => endpoint);
}

/** A change counts only when the whole interval is beyond the smallest shift that is worth reporting. */
function judged({ interval }: Shift, medianBefore: number): LatencyChange["judgement"] {
    const worth = Math.max(WORTH_MS, WORTH_SHARE * medianBefore);
    if (interval === null) return "same";
    if (interval.low > worth) return "worse";
    return interval.high < -worth ? "better" : "same";
}

/** Requests are alike that go to the same server by the same IP version, for the same thing, with the same hello. */
function strataOf(before: Sample[], after: Sample[], phase: Phase): Stratum[] {
    const strata = new Map<string, Stratum>();
    const add = (samples: Sample[], run: keyof Stratum) => {
        for (const sample of samples) {
            const ms = phaseMs(sample, phase);
            if (ms === undefined) continue;
            const kind = [sample.contacted, sample.family, sample.flow, sample.hello].join(" ");
            const stratum = strata.get(kind) ?? { before: [], after: [] };
            stratum[run].push(ms);
            strata.set(kind, stratum);
        }
    };
    add(before, "before");
    add(after, "after");
    return [...strata.values()];
}

/** Median, p95 and p99 of a phase; call it only where at least one connection ended the phase. */
export function timesOf(samples: Sample[], phase: Phase): Latency & { count: number } {
    const times = samples.map(sample => phaseMs(sample, phase)).filter(ms => ms !== undefined);
    const at = (share: number) => Math.round(percentile(times, share) * 10) / 10;
    return { median: at(0.5), p95: at(0.95), p99: at(0.99), count: times.length };
}
