import { type Interval, normalQuantile, normalUpperTail, percentile } from "../statistics.ts";

/** Measurements of one kind of request, from two runs. */
export interface Stratum {
    before: number[];
    after: number[];
}

/** By how much the second run's values are larger than the first's, in their unit, and how surely they differ at all. */
export interface Shift {
    shift: number;
    /** Null where there are too few values for one. */
    interval: Interval | null;
    pValue: number;
}

/** Values of a run that the interval is worked out from: all pairs are formed, so more would cost and add nothing. */
const MOST_VALUES = 300;

/**
 * Compares two runs by Mann-Whitney's test on aligned ranks: within each stratum the common median is taken off, so that
 * a run with more slow requests of one kind is not called slower. Ties are corrected for. Strata that one run lacks are
 * left out; null when nothing is left. Sources: H. B. Mann and D. R. Whitney, 1947; J. L. Hodges and E. L. Lehmann,
 * 1962 and 1963 (alignment, shift); L. E. Moses, 1965 (interval).
 */
export function rankTest(strata: readonly Stratum[], confidence: number): Shift | null {
    const both = strata.filter(({ before, after }) => before.length > 0 && after.length > 0);
    const aligned = both.map(({ before, after }) => {
        const middle = percentile([...before, ...after], 0.5);
        return { before: before.map(value => value - middle), after: after.map(value => value - middle) };
    });
    const before = aligned.flatMap(stratum => stratum.before);
    const after = aligned.flatMap(stratum => stratum.after);
    if (before.length === 0) return null;
    return { pValue: mannWhitney(before, after), ...hodgesLehmann(before, after, confidence) };
}

function mannWhitney(before: number[], after: number[]): number {
    const [m, n] = [before.length, after.length];
    const all = [
        ...before.map(value => ({ value, isAfter: false })),
        ...after.map(value => ({ value, isAfter: true })),
    ];
    all.sort((a, b) => a.value - b.value);
    let rankSum = 0;
    let ties = 0;
    for (let start = 0; start < all.length; ) {
        let end = start;
        while (end < all.length && all[end]!.value === all[start]!.value) end++;
        const size = end - start;
        const rank = (start + 1 + end) / 2;
        rankSum += rank * all.slice(start, end).filter(({ isAfter }) => isAfter).length;
        ties += size ** 3 - size;
        start = end;
    }
    const total = m + n;
    const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
    if (!(variance > 0)) return 1;
    const distance = Math.abs(rankSum - (n * (n + 1)) / 2 - (m * n) / 2);
    const z = Math.max(0, distance - 0.5) / Math.sqrt(variance);
    return Math.min(1, 2 * normalUpperTail(z));
}

function hodgesLehmann(before: number[], after: number[], confidence: number): Omit<Shift, "pValue"> {
    const [ofBefore, ofAfter] = [thinned(before), thinned(after)];
    const differences = ofAfter.flatMap(value => ofBefore.map(other => value - other)).sort((a, b) => a - b);
    const [m, n] = [ofBefore.length, ofAfter.length];
    const z = normalQuantile(1 - (1 - confidence) / 2);
    const outside = Math.floor((m * n) / 2 - z * Math.sqrt((m * n * (m + n + 1)) / 12));
    const interval = outside < 0 ? null : { low: differences[outside]!, high: differences.at(-1 - outside)! };
    return { shift: percentile(differences, 0.5), interval };
}

/** At most so many values, evenly over their order. */
function thinned(values: number[]): number[] {
    if (values.length <= MOST_VALUES) return values;
    const sorted = values.toSorted((a, b) => a - b);
    return Array.from({ length: MOST_VALUES }, (_, index) => {
        return sorted[Math.round((index * (sorted.length - 1)) / (MOST_VALUES - 1))]!;
    });
}
