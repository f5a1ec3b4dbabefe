import type { Located, LocatedMap, LocatedScalar, Place } from "./document.ts";

/** The value below a path of keys and list positions, if it is there. */
export function at(value: Located | undefined, ...path: (string | number)[]): Located | undefined {
    let found = value;
    for (const step of path) {
        if (found?.type === "map") found = found.entries.get(String(step))?.value;
        else if (found?.type === "list" && typeof step === "number") found = found.items[step];
        else return undefined;
    }
    return found;
}

/** The text below a path; numbers as written in JSON; undefined for anything but a non-empty scalar. */
export function text(value: Located | undefined, ...path: (string | number)[]): string | undefined {
    const found = at(value, ...path);
    if (found?.type !== "scalar" || found.value === null || found.value === "") return undefined;
    return String(found.value);
}

/** The list below a path; empty when there is none. */
export function list(value: Located | undefined, ...path: (string | number)[]): readonly Located[] {
    const found = at(value, ...path);
    return found?.type === "list" ? found.items : [];
}

/** True for what Kubernetes' YAML reader takes as true: go-yaml still reads YAML 1.1's `yes` and `on`. */
export function isTrue(value: Located | undefined, ...path: (string | number)[]): boolean {
    const found = at(value, ...path);
    if (found?.type !== "scalar") return false;
    return found.value === true || (found.plain && /^(?:y|yes|on)$/i.test(String(found.value)));
}

/** Every string in a value, each shared part visited once. */
export function strings(value: Located): ReadonlySet<string> {
    const known = stringsOf.get(value);
    if (known) return known;
    const found = new Set<string>();
    const seen = new Set<Located>();
    const pending = [value];
    for (let next = pending.pop(); next; next = pending.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (next.type === "scalar") found.add(String(next.value));
        else pending.push(...children(next));
    }
    stringsOf.set(value, found);
    return found;
}

const stringsOf = new WeakMap<Located, ReadonlySet<string>>();

/** The values directly in a map or list. */
export function children(value: Located): Located[] {
    if (value.type === "list") return [...value.items];
    if (value.type === "map") return [...value.entries.values()].map(entry => entry.value);
    return [];
}

/** A copy with one key set. */
export function withKey(map: LocatedMap, key: string, value: Located): LocatedMap {
    const before = map.entries.get(key);
    return { ...map, entries: new Map(map.entries).set(key, { key: before?.key ?? value.at, value }) };
}

/** A copy without one key. */
export function withoutKey(map: LocatedMap, key: string): LocatedMap {
    const entries = new Map(map.entries);
    entries.delete(key);
    return { ...map, entries };
}

/** A scalar that nobody wrote as it is, standing for something written at a place. */
export function scalar(value: LocatedScalar["value"], place: Place): LocatedScalar {
    return { type: "scalar", value, plain: false, at: { document: place.document, line: place.line } };
}
