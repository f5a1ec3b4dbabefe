import { isNative, type KubernetesObject, remembered, withRoot } from "../object.ts";
import type { Located, LocatedMap } from "../yaml/document.ts";
import { isTrue, text, withKey, withoutKey } from "../yaml/located.ts";
import { operated } from "./jsonPatch.ts";

/** What a patch's `options` allow it to change beside the content. */
export interface PatchOptions {
    allowNameChange: boolean;
    allowKindChange: boolean;
}

export function patchOptions(entry: Located | undefined): PatchOptions {
    return {
        allowNameChange: isTrue(entry, "options", "allowNameChange"),
        allowKindChange: isTrue(entry, "options", "allowKindChange"),
    };
}

/**
 * One patch, strategic merge (a map) or JSON 6902 (a list of operations). Undefined when it deletes the object. Throws
 * Refusal for an operation that does not fit.
 */
export function patched(object: KubernetesObject, patch: Located, options: PatchOptions): KubernetesObject | undefined {
    if (patch.type === "list") {
        const root = operated(object.root, patch);
        return root.type === "map" ? withRoot(remembered(object), root) : object;
    }
    if (patch.type !== "map") return object;
    if (text(patch, "$patch") === "delete") return undefined;
    const changesName = options.allowNameChange || options.allowKindChange;
    const before = changesName ? remembered(object) : object;
    return withRoot(before, merge(object.root, withoutIdentity(patch, options), isNative(object)) as LocatedMap);
}

/** A patch's own name says only what it is for; unless its options say otherwise, the object keeps its own. */
function withoutIdentity(patch: LocatedMap, { allowNameChange, allowKindChange }: PatchOptions): LocatedMap {
    const metadata = patch.entries.get("metadata")?.value;
    const rest = allowKindChange ? patch : withoutKey(withoutKey(patch, "apiVersion"), "kind");
    if (metadata?.type !== "map") return rest;
    const kept = allowNameChange ? metadata : withoutKey(metadata, "name");
    return withKey(rest, "metadata", withoutKey(kept, "namespace"));
}

/** Lists that Kubernetes' own types merge by name. Lists of custom resources are replaced whole. */
const mergedByName = new Set([
    "containers",
    "initContainers",
    "ephemeralContainers",
    "env",
    "imagePullSecrets",
    "volumes",
]);

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
