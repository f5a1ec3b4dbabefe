import jStat from "jstat";

/** Lower and upper end of an interval, as shares of 1. */
export interface Interval {
    low: number;
    high: number;
}

/**
 * Wilson score interval of a success rate: honest for small counts and for rates near 0 and 1. Nothing tried: 0 to 1.
 * Source: E. B. Wilson, 1927; no continuity correction.
 */
export function wilsonInterval(successes: number, attempts: number, confidence = 0.95): Interval {
    if (attempts === 0) return { low: 0, high: 1 };
    const z = normalQuantile(1 - (1 - confidence) / 2);
    const rate = successes / attempts;
    const spread = z * Math.sqrt((rate * (1 - rate)) / attempts + (z * z) / (4 * attempts * attempts));
    const middle = rate + (z * z) / (2 * attempts);
    const scale = 1 + (z * z) / attempts;
    return { low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
}

/** What Wald's sequential probability ratio test adds for each outcome, and where it stops. */
export interface SequentialTest {
    /** Added for a success; negative. */
    success: number;
    /** Added for a failure; positive. */
    failure: number;
    /** At or below this sum the run is stable. */
    stable: number;
    /** At or above this sum the run is unstable. */
    unstable: number;
}

/**
 * Sequential test between two success rates, either decision wrong with at most `1 - confidence`: it stops as soon as
 * the outcomes so far favour one rate enough. Between the two rates it may decide either way.
 */
export function sequentialTest(limits: {
    stableRate: number;
    unstableRate: number;
    confidence: number;
}): SequentialTest {
    const { stableRate, unstableRate, confidence } = limits;
    const decisive = Math.log(confidence / (1 - confidence));
    return {
        success: Math.log(unstableRate / stableRate),
        failure: Math.log((1 - unstableRate) / (1 - stableRate)),
        stable: -decisive,
        unstable: decisive,
    };
}

export type Decision = "stable" | "unstable" | "inconclusive";

/** Runs the outcomes, in the order they came, through a sequential test: the first decision holds. */
export function decide(outcomes: Iterable<boolean>, test: SequentialTest): Decision {
    let sum = 0;
    for (const succeeded of outcomes) {
        sum += succeeded ? test.success : test.failure;
        if (sum <= test.stable) return "stable";
        if (sum >= test.unstable) return "unstable";
    }
    return "inconclusive";
}

/**
 * Whether so many failures show a success rate below `rate`: were it `rate`, as many would come by chance with less than
 * `1 - confidence`. By the binomial distribution, without approximation by a normal one.
 */
export function isSurelyBelow(
    rate: number,
    { failures, attempts }: { failures: number; attempts: number },
    confidence = 0.95,
): boolean {
    return failures > 0 && 1 - jStat.binomial.cdf(failures - 1, attempts, 1 - rate) < 1 - confidence;
}

/** The value below which `share` of the values are, by linear interpolation. Throws RangeError on no values. */
export function percentile(values: readonly number[], share: number): number {
    if (values.length === 0) throw new RangeError("a percentile needs at least one value");
    const sorted = values.toSorted((a, b) => a - b);
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)]!;
    const above = sorted[Math.ceil(position)]!;
    return below + (above - below) * (position - Math.floor(position));
}

/** Quantile of the standard normal distribution: 1.96 for 0.975. Throws RangeError unless 0 < share < 1. */
export function normalQuantile(share: number): number {
    if (!(share > 0 && share < 1)) throw new RangeError(`a quantile needs a share between 0 and 1, not ${share}`);
    return jStat.normal.inv(share, 0, 1);
}

/** From here on, `1 - cdf` of a library loses the digits of the tail, and Mills' ratio converges fast. */
const FAR_OUT = 5;

/** Share of a standard normal distribution above z, z not negative. Exact far out too, where p-values get tiny. */
export function normalUpperTail(z: number): number {
    if (z < FAR_OUT) return jStat.erfc(z / Math.SQRT2) / 2;
    let fraction = z;
    for (let depth = 60; depth >= 1; depth--) fraction = z + depth / fraction;
    return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / fraction;
}
