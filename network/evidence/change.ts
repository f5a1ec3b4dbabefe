import type { IpFamily } from "../family.ts";
import type { Latency, MeasuredMtu } from "../probe/report.ts";
import type { Interval } from "../statistics.ts";
import type { Direction, Verdict } from "../verdict/verdict.ts";
import type { Phase } from "./phase.ts";
import type { Rate } from "./significance.ts";

/**
 * How something stands after against before. `same`: what was counted shows no difference, which for few attempts is no
 * proof that there is none. `different`: changed in a way that is neither good nor bad in itself.
 */
export type Judgement = "better" | "worse" | "same" | "different";

/** Success of connections to an endpoint, or of pulls of an image. */
export interface RateChange {
    kind: "connections" | "pulls";
    judgement: Judgement;
    vantagePoint: string;
    /** Host name or image; null for all of a vantage point together. */
    subject: string | null;
    before: Rate;
    after: Rate;
    /** Of the difference of the rates, after minus before, as shares of 1. */
    interval: Interval;
    /** Of Fisher's exact test, adjusted for the number of tests; null where no outcome could have been significant. */
    pValue: number | null;
}

/** Time of one phase of the connections to an endpoint, in milliseconds, of those that ended the phase. */
export interface LatencyChange {
    kind: "latency";
    judgement: Judgement;
    vantagePoint: string;
    subject: string;
    phase: Phase;
    before: Latency & { count: number };
    after: Latency & { count: number };
    /** By how much `after` is slower, like requests compared with like. */
    shiftMs: number;
    interval: Interval | null;
    /** Of Mann-Whitney's test on aligned ranks, adjusted for the number of tests. */
    pValue: number;
}

export interface PathMtuChange {
    kind: "path-mtu";
    judgement: Judgement;
    vantagePoint: string;
    family: IpFamily;
    direction: Exclude<Direction, "both">;
    before: MeasuredMtu | null;
    after: MeasuredMtu | null;
}

export interface VerdictChange {
    kind: "verdict";
    judgement: Judgement;
    before: Verdict;
    after: Verdict;
}

/** A host that one of the runs could not probe. */
export interface ReachChange {
    kind: "vantage-point";
    judgement: Judgement;
    vantagePoint: string;
    sentence: string;
}

export type Change = VerdictChange | ReachChange | RateChange | PathMtuChange | LatencyChange;

/** Everything that two runs have in common, compared, and what could not be. */
export interface Comparison {
    changes: Change[];
    better: number;
    worse: number;
    /** What the two runs cannot be compared in, or makes comparing them unfair. */
    notes: string[];
    /** Statistical tests made, and how sure it is that none of them calls equal things different. */
    tests: number;
    confidence: number;
}
