/**
 * What of an expectation does not hold in what was seen, in words. An expectation is a partial copy of the record:
 * only the fields it gives are compared; lists are compared whole, in any order.
 */
export function unmet(expected: unknown, seen: unknown, path = ""): string[] {
    if (expected === undefined) return [];
    if (isRecord(expected)) {
        // A verdict's fields are expected directly under `before` and `after`.
        const inside = isRecord(seen) && isRecord(seen.verdict) && !("verdict" in expected) ? seen.verdict : seen;
        if (!isRecord(inside)) return [`${path}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`];
        return Object.entries(expected).flatMap(([key, value]) =>
            unmet(value, inside[key], path ? `${path}.${key}` : key),
        );
    }
    if (text(expected) === text(seen)) return [];
    return [`${path}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
    return JSON.stringify(Array.isArray(value) ? value.map(item => JSON.stringify(item)).sort() : value);
}
