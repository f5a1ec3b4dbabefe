import { parsePath, pathContains } from "./propertyPath.ts";
import { type PropertyMap, sameValue, withoutSecrets } from "./values.ts";

export type ChangeKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** What a plugin says an update would change. */
export interface Diff {
    changes: "none" | "some" | "unknown";
    /** Properties whose change needs a replacement. */
    replaces: string[];
    /** Properties that change. */
    changed: string[];
    deleteBeforeReplace: boolean;
    /** Per property path; undefined when the plugin does not go into detail. */
    detailed: Record<string, ChangeKind> | undefined;
}

export const NO_DIFF: Diff = {
    changes: "none",
    replaces: [],
    changed: [],
    deleteBeforeReplace: false,
    detailed: undefined,
};

/** A replacement blamed on something that is no property, e.g. the provider. */
export function replacementBecauseOf(key: string): Diff {
    return { ...NO_DIFF, changes: "some", replaces: [key] };
}

export function needsReplacement(diff: Diff): boolean {
    return diff.replaces.length > 0 || Object.values(diff.detailed ?? {}).some(kind => kind.endsWith("-replace"));
}

/** What two sets of inputs differ in, secrets compared by what they hide: the answer where a plugin gives none. */
export function compareInputs(oldInputs: PropertyMap, newInputs: PropertyMap): Diff {
    const detailed: Record<string, ChangeKind> = {};
    for (const key of new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])) {
        const before = withoutSecrets(oldInputs[key] ?? null);
        const after = withoutSecrets(newInputs[key] ?? null);
        if (sameValue(before, after)) continue;
        detailed[key] = before === null ? "add" : after === null ? "delete" : "update";
    }
    const changed = Object.keys(detailed);
    return { ...NO_DIFF, changes: changed.length > 0 ? "some" : "none", changed, detailed };
}

/** Turns changes of the named paths into replacements. `#initerror` names a resource that was left half made. */
export function withReplaceOnChanges(diff: Diff, replaceOnChanges: readonly string[], initErrors: boolean): Diff {
    const paths = replaceOnChanges.map(parsePath);
    const named = (key: string) => paths.some(path => pathContains(path, parsePath(key)));
    const result = { ...diff, replaces: [...diff.replaces] };
    if (diff.changes === "some") {
        result.replaces.push(...diff.changed.filter(key => named(key) && !diff.replaces.includes(key)));
        result.detailed =
            diff.detailed &&
            Object.fromEntries(
                Object.entries(diff.detailed).map(([path, kind]) => [
                    path,
                    named(path) ? (`${kind.replace("-replace", "")}-replace` as ChangeKind) : kind,
                ]),
            );
    }
    if (initErrors && named("#initerror")) {
        result.changes = "some";
        result.replaces.push("#initerror");
    }
    return result;
}

const INVERSE: Record<ChangeKind, ChangeKind> = {
    add: "delete",
    "add-replace": "delete-replace",
    delete: "add",
    "delete-replace": "add-replace",
    update: "update",
    "update-replace": "update-replace",
};

/** The same diff seen from the host: a refresh tells what the host did to the inputs, not what the inputs would do to it. */
export function inverted(diff: Diff): Diff {
    if (diff.detailed === undefined) return diff;
    const entries = Object.entries(diff.detailed).map(([path, kind]) => [path, INVERSE[kind]] as const);
    return { ...diff, detailed: Object.fromEntries(entries) };
}
