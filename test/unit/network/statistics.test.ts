import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
    decide,
    isSurelyBelow,
    normalQuantile,
    normalUpperTail,
    percentile,
    sequentialTest,
    wilsonInterval,
} from "../../../network/statistics.ts";

const LIMITS = { stableRate: 0.99, unstableRate: 0.95, confidence: 0.95 };

describe("wilsonInterval", () => {
    // Values of R's binom::binom.confint(method = "wilson").
    test.each([
        { successes: 0, attempts: 10, low: 0, high: 0.2775 },
        { successes: 5, attempts: 10, low: 0.2366, high: 0.7634 },
        { successes: 10, attempts: 10, low: 0.7225, high: 1 },
        { successes: 297, attempts: 300, low: 0.971, high: 0.9966 },
    ])("$successes of $attempts", ({ successes, attempts, low, high }) => {
        const interval = wilsonInterval(successes, attempts);
        expect(interval.low).toBeCloseTo(low, 3);
        expect(interval.high).toBeCloseTo(high, 3);
    });

    test("says nothing about what was never tried", () => {
        expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
    });

    test("contains the observed rate, and is between 0 and 1", () => {
        const counts = fc
            .integer({ min: 1, max: 5000 })
            .chain(n => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
        fc.assert(
            fc.property(counts, ([successes, attempts]) => {
                const { low, high } = wilsonInterval(successes, attempts);
                expect(low).toBeGreaterThanOrEqual(0);
                expect(high).toBeLessThanOrEqual(1);
                expect(low).toBeLessThanOrEqual(successes / attempts + 1e-9);
                expect(high).toBeGreaterThanOrEqual(successes / attempts - 1e-9);
            }),
        );
    });
});

describe("isSurelyBelow", () => {
    // Values of R's pbinom(failures - 1, attempts, 0.01, lower.tail = FALSE) against 5 %.
    test.each([
        { failures: 0, attempts: 450, surely: false },
        { failures: 8, attempts: 450, surely: false },
        { failures: 9, attempts: 450, surely: true },
        { failures: 2, attempts: 36, surely: false },
        { failures: 3, attempts: 36, surely: true },
        { failures: 1, attempts: 5, surely: true },
        { failures: 0, attempts: 0, surely: false },
    ])("$failures of $attempts failed: $surely", ({ failures, attempts, surely }) => {
        expect(isSurelyBelow(0.99, { failures, attempts })).toBe(surely);
    });

    test("demands more failures of the same attempts for more confidence", () => {
        expect(isSurelyBelow(0.99, { failures: 9, attempts: 450 }, 0.99)).toBe(false);
        expect(isSurelyBelow(0.99, { failures: 12, attempts: 450 }, 0.99)).toBe(true);
    });
});

describe("sequentialTest", () => {
    test("calls a run without a failure stable after 72 attempts, not before", () => {
        const all = (count: number) => Array.from({ length: count }, () => true);
        expect(decide(all(71), sequentialTest(LIMITS))).toBe("inconclusive");
        expect(decide(all(72), sequentialTest(LIMITS))).toBe("stable");
    });

    test("calls a run that begins with two failures unstable", () => {
        expect(decide([false, false], sequentialTest(LIMITS))).toBe("unstable");
    });

    test("keeps its first decision", () => {
        const outcomes = [false, false, ...Array.from({ length: 1000 }, () => true)];
        expect(decide(outcomes, sequentialTest(LIMITS))).toBe("unstable");
    });

    test.each([
        { rate: 0.995, wrong: "unstable" },
        { rate: 0.9, wrong: "stable" },
    ])("is rarely wrong about a rate of $rate", ({ rate, wrong }) => {
        let state = 12345;
        const random = () => {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            return state / 2 ** 32;
        };
        const runs = Array.from({ length: 400 }, () =>
            decide(
                Array.from({ length: 600 }, () => random() < rate),
                sequentialTest(LIMITS),
            ),
        );
        expect(runs.filter(run => run === wrong).length / runs.length).toBeLessThan(0.06);
    });
});

describe("percentile", () => {
    test.each([
        { share: 0, expected: 1 },
        { share: 0.5, expected: 2.5 },
        { share: 1, expected: 4 },
    ])("share $share of four values", ({ share, expected }) => {
        expect(percentile([4, 1, 3, 2], share)).toBeCloseTo(expected);
    });

    test("refuses to describe no values", () => {
        expect(() => percentile([], 0.5)).toThrow(RangeError);
    });
});

test.each([
    { share: 0.5, z: 0 },
    { share: 0.975, z: 1.95996 },
    { share: 0.995, z: 2.57583 },
])("the normal quantile of $share is $z", ({ share, z }) => {
    expect(normalQuantile(share)).toBeCloseTo(z, 4);
});

// Values of the C library: erfc(z / sqrt(2)) / 2.
test.each([
    { z: 0, tail: 0.5 },
    { z: 1.959964, tail: 0.025 },
    { z: 4.999, tail: 2.8814e-7 },
    { z: 5, tail: 2.8665e-7 },
    { z: 10, tail: 7.6199e-24 },
    { z: 27, tail: 7.3895e-161 },
])("the share of a normal distribution above $z is $tail", ({ z, tail }) => {
    expect(normalUpperTail(z) / tail).toBeCloseTo(1, 2);
});

test.each([0, 1, -0.1, Number.NaN])("the normal quantile of %d does not exist", share => {
    expect(() => normalQuantile(share)).toThrow(RangeError);
});
