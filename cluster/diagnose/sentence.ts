/** Parts of sentences that several conclusions share. */

export const PROBE =
    "Run `clearpath probe --stack NAME`: it finds out where on the way requests fail, and what to change.";

export function distinct<T>(values: readonly T[]): T[] {
    return [...new Set(values)];
}

const MOST_NAMED = 6;

/** `a, b and 3 more`: each name once. */
export function listed(names: readonly string[], most = MOST_NAMED): string {
    const shown = distinct(names);
    if (shown.length <= most) return shown.join(", ");
    return `${shown.slice(0, most).join(", ")} and ${shown.length - most} more`;
}
