import { type AnyResourceKind, WAYS_TO_HOSTS } from "../resource.ts";
import { pathText } from "./check.ts";
import { isUnfinished } from "./lifecycle.ts";
import { type Properties, type PropertyPath, UNKNOWN } from "./values.ts";

export interface Difference {
    /** As programs write it: `plan.endpoints[0].host`. */
    path: string;
    /** Name of the input or output it is in. */
    property: string;
    kind: "add" | "delete" | "update";
    /** Whether the change needs another object on the host. */
    replace: boolean;
    /** False for an output that calls for the update. */
    isInput: boolean;
}

/**
 * What would change. Of the connection only the host counts, because another host is another machine. A changed key,
 * port, user or proxy leads to the same machine.
 */
export function differences(
    kind: AnyResourceKind,
    olds: { inputs: Properties; outputs: Properties },
    news: Properties,
): Difference[] {
    const ignored = new Set<string>([...WAYS_TO_HOSTS, ...(kind.ignoreInDiff ?? [])]);
    const replacing = new Set<string>(kind.replaceOn);
    const found = Object.keys(kind.inputs.shape)
        .filter(name => !ignored.has(name))
        .flatMap(name =>
            compare(olds.inputs[name], news[name], [name]).map(difference => ({
                ...difference,
                property: name,
                replace: replacing.has(name),
                isInput: true,
            })),
        );
    const host = compare(hostOf(olds.inputs), hostOf(news), ["connection", "host"]).map(difference => ({
        ...difference,
        property: "connection",
        replace: true,
        isInput: true,
    }));
    const stale = staleOutputs(kind, olds).map(name => ({
        path: name,
        property: name,
        kind: "update" as const,
        replace: false,
        isInput: false,
    }));
    return [...found, ...host, ...stale];
}

/** Outputs that call for an update. An object whose creation was not finished has no outputs, and is created again. */
function staleOutputs(kind: AnyResourceKind, olds: { inputs: Properties; outputs: Properties }): readonly string[] {
    if (isUnfinished(kind, olds)) return ["ownerId"];
    return kind.stale?.(olds as never) ?? [];
}

function hostOf({ connection }: Properties): unknown {
    return connection === UNKNOWN ? UNKNOWN : (connection as Properties | undefined)?.host;
}

function compare(before: unknown, after: unknown, path: PropertyPath): Pick<Difference, "path" | "kind">[] {
    if (before === after && after !== UNKNOWN) return [];
    if (after === undefined) return [{ path: pathText(path), kind: "delete" }];
    if (before === undefined) return [{ path: pathText(path), kind: "add" }];
    const bothArrays = Array.isArray(before) && Array.isArray(after);
    if (!bothArrays && !(isObject(before) && isObject(after))) return [{ path: pathText(path), kind: "update" }];
    const keys = bothArrays
        ? Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index)
        : [...new Set([...Object.keys(before as object), ...Object.keys(after as object)])];
    return keys.flatMap(key => compare((before as Properties)[key], (after as Properties)[key], [...path, key]));
}

function isObject(value: unknown): value is Properties {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
