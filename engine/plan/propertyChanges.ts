import { compareInputs, NO_DIFF } from "../protocol/diff.ts";
import type { PropertyChange } from "../protocol/events.ts";
import { parsePath } from "../protocol/propertyPath.ts";
import { isMap, type PropertyMap, type PropertyValue, Secret, shown } from "../protocol/values.ts";
import type { Step } from "./step.ts";

function valueAt(map: PropertyMap, path: string): PropertyValue | undefined {
    let value: PropertyValue | undefined = map;
    let secret = false;
    for (const key of parsePath(path)) {
        while (value instanceof Secret) {
            value = value.element;
            secret = true;
        }
        if (Array.isArray(value)) value = value[Number(key)];
        else value = isMap(value) ? value[key] : undefined;
    }
    return secret && value !== undefined ? new Secret(value) : value;
}

function text(value: PropertyValue | undefined): string | undefined {
    return value === undefined ? undefined : JSON.stringify(shown(value));
}

/** The properties that a step changes, for people: values as JSON, secrets hidden. */
export function changesOf(step: Step): PropertyChange[] {
    if (step.op === "create") {
        return Object.entries(step.made.inputs).map(([path, value]) => ({
            path,
            before: undefined,
            after: text(value),
            replaces: false,
        }));
    }
    if (step.op !== "update" && step.op !== "replace" && step.op !== "create-replacement") return [];
    const { old, made } = step;
    const diff = step.diff ?? NO_DIFF;
    const paths = new Set([
        ...Object.keys(diff.detailed ?? compareInputs(old.inputs, made.inputs).detailed ?? {}),
        ...diff.changed.filter(() => diff.detailed === undefined),
        ...diff.replaces.filter(() => diff.detailed === undefined),
    ]);
    return [...paths].map(path => ({
        path,
        before: text(valueAt(old.inputs, path) ?? valueAt(old.outputs, path)),
        after: text(valueAt(made.inputs, path)),
        replaces: diff.replaces.includes(path) || diff.detailed?.[path]?.endsWith("-replace") === true,
    }));
}
