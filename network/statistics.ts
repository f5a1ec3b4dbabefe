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
 * `1 - confidence`. Exact, by the binomial distribution.
 */
export function isSurelyBelow(
    rate: number,
    { failures, attempts }: { failures: number; attempts: number },
    confidence = 0.95,
): boolean {
    const share = 1 - rate;
    let probability = (1 - share) ** attempts;
    let fewer = 0;
    for (let count = 0; count < failures; count++) {
        fewer += probability;
        probability *= ((attempts - count) / (count + 1)) * (share / (1 - share));
    }
    return failures > 0 && 1 - fewer < 1 - confidence;
}

/** The value below which `share` of the values lie, by linear interpolation. Throws RangeError on no values. */
export function percentile(values: readonly number[], share: number): number {
    if (values.length === 0) throw new RangeError("a percentile needs at least one value");
    const sorted = values.toSorted((a, b) => a - b);
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)]!;
    const above = sorted[Math.ceil(position)]!;
    return below + (above - below) * (position - Math.floor(position));
}

/**
 * Quantile of the standard normal distribution, by bisecting its distribution function: 1.96 for 0.975. The function
 * is Abramowitz and Stegun's 7.1.26, good to 1.5e-7.
 */
export function normalQuantile(share: number): number {
    if (!(share > 0 && share < 1)) throw new RangeError(`a quantile needs a share between 0 and 1, not ${share}`);
    let [low, high] = [-8, 8];
    while (high - low > 1e-9) {
        const middle = (low + high) / 2;
        if (normalDistribution(middle) < share) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

function normalDistribution(z: number): number {
    const x = Math.abs(z) / Math.SQRT2;
    const t = 1 / (1 + 0.3275911 * x);
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const error = 1 - series * Math.exp(-x * x);
    return z < 0 ? (1 - error) / 2 : (1 + error) / 2;
}
