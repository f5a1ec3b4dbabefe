import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rankTest } from "../../../../network/evidence/rankTest.ts";
import { differenceInterval, fisherExact, holmAdjusted } from "../../../../network/evidence/significance.ts";

const rate = (succeeded: number, attempts: number) => ({ succeeded, attempts });
const anyRate = fc
    .integer({ min: 1, max: 60 })
    .chain(attempts => fc.integer({ min: 0, max: attempts }).map(succeeded => rate(succeeded, attempts)));

describe("Fisher's exact test", () => {
    test.each([
        // The lady tasting tea, as R's documentation of fisher.test has it.
        [rate(3, 4), rate(1, 4), 34 / 70],
        // One table of 252 is as extreme as this, and one the other way.
        [rate(0, 5), rate(5, 5), 2 / 252],
        [rate(12, 12), rate(12, 12), 1],
        [rate(0, 0), rate(5, 9), 1],
    ])("gives for %o against %o a p-value of %d", (one, other, pValue) => {
        expect(fisherExact(one, other).pValue).toBeCloseTo(pValue, 10);
    });

    test("never has a p-value below the attainable one, which no table can beat", () => {
        fc.assert(
            fc.property(anyRate, anyRate, (one, other) => {
                const { pValue, attainable } = fisherExact(one, other);
                expect(pValue).toBeLessThanOrEqual(1);
                expect(pValue).toBeGreaterThanOrEqual(attainable * (1 - 1e-9));
            }),
        );
    });

    test("does not care which run comes first", () => {
        fc.assert(
            fc.property(anyRate, anyRate, (one, other) => {
                expect(fisherExact(one, other).pValue).toBeCloseTo(fisherExact(other, one).pValue, 9);
            }),
        );
    });
});

describe("the interval of a difference", () => {
    test("is Newcombe's method 10: the example of his paper", () => {
        const { low, high } = differenceInterval(rate(48, 80), rate(56, 70), 0.95);
        expect(low).toBeCloseTo(0.0524, 4);
        expect(high).toBeCloseTo(0.3339, 4);
    });

    test("is everything when one run tried nothing", () => {
        expect(differenceInterval(rate(0, 0), rate(3, 3), 0.95)).toEqual({ low: -1, high: 1 });
    });
});

describe("Holm's adjustment", () => {
    test("multiplies the smallest by all, the next by one less, and never falls", () => {
        const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
        [0.03, 0.06, 0.06, 0.02].forEach((expected, index) => {
            expect(adjusted[index]).toBeCloseTo(expected, 10);
        });
    });

    test("of nothing is nothing", () => expect(holmAdjusted([])).toEqual([]));
});

describe("the rank test", () => {
    // R: wilcox.test(x, y, exact = FALSE), permeability of membranes, Hollander and Wolfe 1973.
    const before = [1.15, 0.88, 0.9, 0.74, 1.21];
    const after = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];

    test("gives the p-value of R's wilcox.test with normal approximation and continuity correction", () => {
        expect(rankTest([{ before, after }], 0.95)!.pValue).toBeCloseTo(0.2446, 3);
    });

    test("finds the shift between two runs", () => {
        const values = Array.from({ length: 40 }, (_, index) => index * 1.7);
        const shift = rankTest([{ before: values, after: values.map(value => value + 25) }], 0.95)!;
        expect(shift.shift).toBeCloseTo(25, 9);
        expect(shift.interval!.low).toBeLessThan(25);
        expect(shift.interval!.high).toBeGreaterThan(25);
    });

    test("is not fooled by a run with more slow requests of one kind", () => {
        const [quick, slow] = [() => [10, 11, 12, 13], () => [500, 510, 520, 530]];
        const many = (values: () => number[]) => Array.from({ length: 10 }, values).flat();
        const mixed = rankTest(
            [
                { before: many(quick), after: quick() },
                { before: slow(), after: many(slow) },
            ],
            0.95,
        )!;
        expect(mixed.shift).toBeCloseTo(0, 9);
        expect(mixed.pValue).toBeGreaterThan(0.9);
    });

    test("says nothing of equal values, and nothing at all without values on both sides", () => {
        expect(rankTest([{ before: [7, 7, 7], after: [7, 7] }], 0.95)!.pValue).toBe(1);
        expect(rankTest([{ before: [7], after: [] }], 0.95)).toBeNull();
    });

    test("has an interval only where there are values enough for one", () => {
        expect(rankTest([{ before: [1, 2], after: [3, 4] }], 0.95)!.interval).toBeNull();
    });

    test("tells runs of a thousand apart in the far tail without calling them surely different beyond doubt", () => {
        const values = Array.from({ length: 1000 }, (_, index) => index);
        const { pValue } = rankTest([{ before: values, after: values.map(value => value + 500) }], 0.95)!;
        expect(pValue).toBeGreaterThan(0);
        expect(pValue).toBeLessThan(1e-50);
    });
});
