import { IP_FAMILIES } from "../family.ts";
import type { MeasuredMtu, VantageReport } from "../probe/report.ts";
import type { Verdict } from "../verdict/verdict.ts";
import type { Change, Comparison, Judgement, LatencyChange, PathMtuChange, RateChange, ReachChange } from "./change.ts";
import { comparabilityNotes } from "./comparability.ts";
import { latencyChanges } from "./compareLatency.ts";
import { rateChanges } from "./compareRates.ts";
import type { EvidenceFile } from "./evidenceFile.ts";
import { holmAdjusted } from "./significance.ts";

/** How sure it is that none of a comparison's tests calls equal things different. */
const CONFIDENCE = 0.95;

/** A vantage point that both runs have. */
interface Pair {
    vantagePoint: string;
    before: VantageReport;
    after: VantageReport;
}

type Tested = RateChange | LatencyChange;

/**
 * What got better or worse between two runs. Verdicts and path MTUs are compared as they are, success rates and times by
 * tests that are adjusted for their number. A connection counts as good by the later run's `slowMs` in both.
 */
export function compareEvidence(before: EvidenceFile, after: EvidenceFile): Comparison {
    const { slowMs } = after.plan.stability;
    const pairs = pairsOf(before, after);
    const tested = adjusted([
        ...pairs.flatMap(pair => rateChanges(pair, { slowMs, confidence: CONFIDENCE })),
        ...pairs.flatMap(pair => latencyChanges(pair, CONFIDENCE)),
    ]);
    const unlike = pairs.map(({ vantagePoint }) => vantagePoint).filter(name => carriedAnotherLoad(name, tested));
    const judged = tested.map(change =>
        change.kind === "latency" && change.judgement !== "same" && unlike.includes(change.vantagePoint)
            ? { ...change, judgement: "different" as const }
            : change,
    );

    const changes: Change[] = [
        verdictChange(before.verdict, after.verdict),
        ...reachChanges(before, after),
        ...judged.filter(({ kind }) => kind !== "latency"),
        ...pairs.flatMap(mtuChanges),
        ...judged.filter(({ kind }) => kind === "latency"),
    ];
    const count = (judgement: Judgement) => changes.filter(change => change.judgement === judgement).length;
    return {
        changes,
        better: count("better"),
        worse: count("worse"),
        notes: [...comparabilityNotes(before, after), ...(unlike.length > 0 ? [unlikeLoad(unlike)] : [])],
        tests: tested.filter(({ pValue }) => pValue !== null).length,
        confidence: CONFIDENCE,
    };
}

function pairsOf(before: EvidenceFile, after: EvidenceFile): Pair[] {
    return after.reports.flatMap(report => {
        const former = before.reports.find(({ vantagePoint }) => vantagePoint === report.vantagePoint);
        return former ? [{ vantagePoint: report.vantagePoint, before: former, after: report }] : [];
    });
}

/**
 * Puts adjusted p-values in place, and takes back what does not stand up to them. Half of the error is spent on a vantage
 * point's connections and pulls as a whole, so that the many tests of single endpoints do not hide them.
 */
function adjusted(changes: Tested[]): Tested[] {
    const tests = changes.filter(({ pValue }) => pValue !== null);
    const families = [tests.filter(({ subject }) => subject === null), tests.filter(({ subject }) => subject !== null)];
    const pValues = new Map(
        families.flatMap(family =>
            holmAdjusted(family.map(({ pValue }) => pValue!)).map(
                (pValue, index) => [family[index], Math.min(1, families.length * pValue)] as const,
            ),
        ),
    );
    return changes.map(change => {
        const pValue = pValues.get(change);
        if (pValue === undefined) return change;
        return { ...change, pValue, judgement: pValue < 1 - CONFIDENCE ? change.judgement : "same" };
    });
}

/** Where another share of connections comes through, path and host have other work, and times say nothing of the path. */
function carriedAnotherLoad(vantagePoint: string, tested: Tested[]): boolean {
    const isWhole = (change: Tested) => change.kind === "connections" && change.subject === null;
    return tested.some(
        change => isWhole(change) && change.vantagePoint === vantagePoint && change.judgement !== "same",
    );
}

function unlikeLoad(vantagePoints: string[]): string {
    return `Times from ${vantagePoints.join(", ")} are shown and not judged: another share of connections came through there, which is another load.`;
}

function verdictChange(before: Verdict, after: Verdict): Change {
    return { kind: "verdict", judgement: judgedVerdict(before, after), before, after };
}

function judgedVerdict(before: Verdict, after: Verdict): Judgement {
    if (isFault(before) !== isFault(after)) {
        if (isFault(after)) return "worse";
        return after.cause === "none" ? "better" : "different";
    }
    const isSame = before.cause === after.cause && before.direction === after.direction && before.scope === after.scope;
    return isSame ? "same" : "different";
}

/** A fault whose cause nobody knows is a fault; a run that tried too little is none. */
function isFault({ cause, scope }: Verdict): boolean {
    return cause !== "none" && !(cause === "unknown" && scope === null);
}

function reachChanges(before: EvidenceFile, after: EvidenceFile): ReachChange[] {
    const isProbedIn = ({ reports }: EvidenceFile, name: string) =>
        reports.some(({ vantagePoint }) => vantagePoint === name);
    const lost = after.unprobed
        .filter(({ vantagePoint }) => isProbedIn(before, vantagePoint))
        .map(({ vantagePoint, reason }) => ({ vantagePoint, judgement: "worse" as const, sentence: reason }));
    const found = before.unprobed
        .filter(({ vantagePoint }) => isProbedIn(after, vantagePoint))
        .map(({ vantagePoint }) => ({
            vantagePoint,
            judgement: "better" as const,
            sentence: "It could not be probed before, and can be now.",
        }));
    return [...lost, ...found].map(change => ({ kind: "vantage-point", ...change }));
}

function mtuChanges({ vantagePoint, before, after }: Pair): PathMtuChange[] {
    return IP_FAMILIES.flatMap(family =>
        (["download", "upload"] as const).flatMap(direction => {
            const was = before.pathMtu[family]?.[direction] ?? null;
            const is = after.pathMtu[family]?.[direction] ?? null;
            if (!was && !is) return [];
            const judgement = judgedMtu(was, is);
            return [{ kind: "path-mtu" as const, judgement, vantagePoint, family, direction, before: was, after: is }];
        }),
    );
}

/**
 * A path is worse when larger packets began to vanish or it was measured to carry less. Where a clamp or the host's own
 * link keeps packets small, nobody can see what the path carries: that is different, not worse.
 */
function judgedMtu(before: MeasuredMtu | null, after: MeasuredMtu | null): Judgement {
    if (!before || !after) return "different";
    if (before.silent !== after.silent) return after.silent ? "worse" : "better";
    if (after.bound === "exact" && after.bytes < before.bytes) return "worse";
    if (before.bound === "exact" && after.bytes > before.bytes) return "better";
    return before.bytes === after.bytes && before.bound === after.bound ? "same" : "different";
}
