import { type Interval, wilsonInterval } from "../statistics.ts";

/** Successes out of attempts. */
export interface Rate {
    succeeded: number;
    attempts: number;
}

/** A test's p-value, and the smallest that any outcome could have had. */
export interface ExactTest {
    pValue: number;
    attainable: number;
}

/**
 * Fisher's exact test of two success rates, two-sided: the share of tables with the same margins that are no likelier
 * than this one. Source: R. A. Fisher, 1935; the two-sided rule is that of R's `fisher.test`.
 */
export function fisherExact(one: Rate, other: Rate): ExactTest {
    const attempts = one.attempts + other.attempts;
    const succeeded = one.succeeded + other.succeeded;
    const logs = logFactorials(attempts);
    const choose = (n: number, k: number) => logs[n]! - logs[k]! - logs[n - k]!;
    const least = Math.max(0, succeeded - other.attempts);
    const most = Math.min(succeeded, one.attempts);
    const likelihood = (k: number) =>
        Math.exp(choose(one.attempts, k) + choose(other.attempts, succeeded - k) - choose(attempts, succeeded));

    const seen = likelihood(one.succeeded) * (1 + 1e-7);
    let pValue = 0;
    for (let k = least; k <= most; k++) {
        const share = likelihood(k);
        if (share <= seen) pValue += share;
    }
    const [first, last] = [likelihood(least), likelihood(most)];
    const isSymmetric = least !== most && Math.abs(first - last) <= 1e-7 * first;
    return { pValue: Math.min(1, pValue), attainable: isSymmetric ? first + last : Math.min(first, last) };
}

function logFactorials(most: number): number[] {
    const logs = [0];
    for (let n = 1; n <= most; n++) logs.push(logs[n - 1]! + Math.log(n));
    return logs;
}

/**
 * Interval of the difference of two success rates, `after` minus `before`, as shares of 1. Source: R. G. Newcombe,
 * 1998, method 10: it is made of both rates' Wilson intervals, and so holds near 0 and 1.
 */
export function differenceInterval(before: Rate, after: Rate, confidence: number): Interval {
    if (before.attempts === 0 || after.attempts === 0) return { low: -1, high: 1 };
    const [was, is] = [before, after].map(rate => rate.succeeded / rate.attempts) as [number, number];
    const [of, to] = [before, after].map(rate => wilsonInterval(rate.succeeded, rate.attempts, confidence)) as [
        Interval,
        Interval,
    ];
    return {
        low: is - was - Math.hypot(is - to.low, of.high - was),
        high: is - was + Math.hypot(to.high - is, was - of.low),
    };
}

/**
 * p-values adjusted by Holm's method, in their order: calling those below 0.05 significant is wrong about any of them
 * in at most 5 % of comparisons, however many there are. Source: S. Holm, 1979.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
    const order = pValues.map((_, index) => index).toSorted((a, b) => pValues[a]! - pValues[b]!);
    const adjusted = new Array<number>(pValues.length);
    let largest = 0;
    for (const [rank, index] of order.entries()) {
        largest = Math.max(largest, Math.min(1, pValues[index]! * (pValues.length - rank)));
        adjusted[index] = largest;
    }
    return adjusted;
}
