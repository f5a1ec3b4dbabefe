import { groupOf, type KubernetesObject, objectFrom } from "../object.ts";
import type { Located, LocatedMap } from "../yaml/document.ts";
import { list, text, withKey, withoutKey } from "../yaml/located.ts";

/** What a patch is applied to; every field given is a regular expression that must match the whole. */
export interface PatchTarget {
    group?: string;
    version?: string;
    kind?: string;
    name?: string;
    namespace?: string;
    labelSelector?: string;
    annotationSelector?: string;
}

export function targetFrom(value: Located): PatchTarget {
    return {
        group: text(value, "group"),
        version: text(value, "version"),
        kind: text(value, "kind"),
        name: text(value, "name"),
        namespace: text(value, "namespace"),
        labelSelector: text(value, "labelSelector"),
        annotationSelector: text(value, "annotationSelector"),
    };
}

/** Whether kustomize would apply a patch with this target to the object. */
export function isTarget(object: KubernetesObject, target: PatchTarget): boolean {
    const version = text(object.root, "apiVersion")?.split("/").at(-1);
    return (
        matches(target.group, object.group) &&
        matches(target.version, version) &&
        matches(target.kind, object.kind) &&
        matches(target.name, object.name) &&
        matches(target.namespace, object.namespace ?? "default") &&
        selects(target.labelSelector, object, "labels") &&
        selects(target.annotationSelector, object, "annotations")
    );
}

function matches(pattern: string | undefined, value: string | undefined): boolean {
    if (pattern === undefined) return true;
    try {
        return new RegExp(`^(?:${pattern})$`).test(value ?? "");
    } catch {
        return pattern === value;
    }
}

/** Kubernetes' equality selectors: `a=b`, `a==b`, `a!=b`, `a`, `!a`, joined by commas. */
function selects(selector: string | undefined, object: KubernetesObject, where: "labels" | "annotations"): boolean {
    return (selector ?? "").split(",").every(part => {
        const [, negated, key, operator, value] = /^\s*(!?)\s*([^\s!=]*)\s*(!=|==?)?\s*(\S*)\s*$/.exec(part) ?? [];
        if (!key) return true;
        const actual = text(object.root, "metadata", where, key);
        if (operator === "!=") return actual !== value;
        if (operator) return actual === value;
        return negated ? actual === undefined : actual !== undefined;
    });
}

/** One patch, strategic merge (a map) or JSON 6902 (a list of operations). Undefined when it deletes the object. */
export function patched(object: KubernetesObject, patch: Located): KubernetesObject | undefined {
    if (patch.type === "list") return objectFrom(operate(object.root, patch) as LocatedMap, object.document) ?? object;
    if (patch.type !== "map") return object;
    if (text(patch, "$patch") === "delete") return undefined;
    const merged = merge(object.root, withoutIdentity(patch), isNative(object)) as LocatedMap;
    return objectFrom(merged, object.document) ?? object;
}

/** Whether a strategic merge patch without a target means this object. */
export function isNamedBy(object: KubernetesObject, patch: Located): boolean {
    const namespace = text(patch, "metadata", "namespace");
    return (
        text(patch, "kind") === object.kind &&
        groupOf(text(patch, "apiVersion")) === object.group &&
        text(patch, "metadata", "name") === object.name &&
        (namespace === undefined || namespace === object.namespace)
    );
}

/** A patch's own name says only what it is for; kustomize keeps the name of the object. */
function withoutIdentity(patch: LocatedMap): LocatedMap {
    const metadata = patch.entries.get("metadata")?.value;
    const rest = withoutKey(withoutKey(patch, "apiVersion"), "kind");
    return metadata?.type === "map"
        ? withKey(rest, "metadata", withoutKey(withoutKey(metadata, "name"), "namespace"))
        : rest;
}

/** Lists that Kubernetes' own types merge by name. Lists of custom resources are replaced whole. */
const mergedByName = new Set(["containers", "initContainers", "ephemeralContainers", "env", "volumes"]);

function isNative({ group }: KubernetesObject): boolean {
    return !group.includes(".") || group.endsWith(".k8s.io");
}

function merge(base: Located, patch: Located, native: boolean): Located {
    if (base.type !== "map" || patch.type !== "map" || text(patch, "$patch") === "replace") {
        return patch.type === "map" ? withoutKey(patch, "$patch") : patch;
    }
    let result = base;
    for (const [key, entry] of patch.entries) {
        if (key === "$patch") continue;
        const before = result.entries.get(key)?.value;
        if (entry.value.type === "scalar" && entry.value.value === null) result = withoutKey(result, key);
        else if (!before) result = withEntry(result, key, entry);
        else if (native && mergedByName.has(key)) result = withKey(result, key, mergeByName(before, entry.value));
        else result = withEntry(result, key, { ...entry, value: merge(before, entry.value, native) });
    }
    return result;
}

function mergeByName(base: Located, patch: Located): Located {
    if (base.type !== "list" || patch.type !== "list") return patch;
    const items = [...base.items];
    for (const change of patch.items) {
        const position = items.findIndex(item => text(item, "name") === text(change, "name"));
        if (position < 0) items.push(change);
        else if (text(change, "$patch") === "delete") items.splice(position, 1);
        else items[position] = merge(items[position] as Located, change, true);
    }
    return { ...base, items };
}

function withEntry(map: LocatedMap, key: string, entry: { key: Located["at"]; value: Located }): LocatedMap {
    return { ...map, entries: new Map(map.entries).set(key, entry) };
}

/** RFC 6902. An operation that does not fit leaves the value as it is: kustomize itself will report it. */
function operate(root: Located, operations: Located): Located {
    let result = root;
    for (const operation of list(operations)) {
        const path = pointer(text(operation, "path"));
        const value = operation.type === "map" ? operation.entries.get("value")?.value : undefined;
        const kind = text(operation, "op");
        if ((kind === "add" || kind === "replace") && value) result = put(result, path, value, kind);
        else if (kind === "remove") result = remove(result, path);
        else if (kind === "move" || kind === "copy") {
            const from = pointer(text(operation, "from"));
            const source = from.reduce<Located | undefined>((found, step) => found && child(found, step), result);
            if (!source) continue;
            result = put(kind === "move" ? remove(result, from) : result, path, source, "add");
        }
    }
    return result;
}

/** RFC 6901. */
function pointer(written: string | undefined): string[] {
    return (written ?? "")
        .split("/")
        .slice(1)
        .map(step => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function child(value: Located, step: string): Located | undefined {
    if (value.type === "map") return value.entries.get(step)?.value;
    return value.type === "list" ? value.items[Number(step)] : undefined;
}

function put(root: Located, path: readonly string[], value: Located, kind: "add" | "replace"): Located {
    const [step, ...rest] = path;
    if (step === undefined) return value;
    if (root.type === "map") {
        const before = root.entries.get(step)?.value;
        if (rest.length === 0) return withEntry(root, step, { key: value.at, value });
        return before ? withKey(root, step, put(before, rest, value, kind)) : root;
    }
    if (root.type !== "list") return root;
    const position = step === "-" ? root.items.length : Number(step);
    const items = [...root.items];
    if (rest.length === 0) items.splice(position, kind === "replace" ? 1 : 0, value);
    else if (items[position]) items[position] = put(items[position] as Located, rest, value, kind);
    return { ...root, items };
}

function remove(root: Located, path: readonly string[]): Located {
    const [step, ...rest] = path;
    if (step === undefined) return root;
    const inner = child(root, step);
    if (!inner) return root;
    if (root.type === "map")
        return rest.length === 0 ? withoutKey(root, step) : withKey(root, step, remove(inner, rest));
    if (root.type !== "list") return root;
    const items = root.items.flatMap((item, position) =>
        position !== Number(step) ? [item] : rest.length === 0 ? [] : [remove(item, rest)],
    );
    return { ...root, items };
}
