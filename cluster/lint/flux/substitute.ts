import { type KubernetesObject, markOf, objectFrom } from "../object.ts";
import type { Located, LocatedMap, LocatedScalar } from "../yaml/document.ts";
import { text } from "../yaml/located.ts";

/**
 * Flux's `postBuild.substitute`: `${name}`, `${name:-default}` and `${name:=default}` in every value of an object.
 * Variables whose values only the cluster knows (`substituteFrom`) stay as they are written.
 */
export function substituted(objects: KubernetesObject[], spec: Located): KubernetesObject[] {
    const postBuild = spec.type === "map" ? spec.entries.get("postBuild")?.value : undefined;
    if (postBuild?.type !== "map") return objects;
    const lookUp = (name: string) => text(postBuild, "substitute", name);
    return objects.map(object => {
        if (markOf(object, "kustomize.toolkit.fluxcd.io/substitute") === "disabled") return object;
        const root = inAll(object.root, lookUp, new Map()) as LocatedMap;
        return root === object.root ? object : (objectFrom(root, object.document) ?? object);
    });
}

/** Whether a text still holds a variable, so that nobody can say here what it will be. */
export function hasVariable(written: string): boolean {
    return written.includes("${");
}

type ValueOf = (name: string) => string | undefined;

function inAll(value: Located, lookUp: ValueOf, done: Map<Located, Located>): Located {
    const known = done.get(value);
    if (known) return known;
    const result = inOne(value, lookUp, done);
    done.set(value, result);
    return result;
}

function inOne(value: Located, lookUp: ValueOf, done: Map<Located, Located>): Located {
    if (value.type === "scalar") return inScalar(value, lookUp);
    if (value.type === "list") {
        const items = value.items.map(item => inAll(item, lookUp, done));
        return items.some((item, position) => item !== value.items[position]) ? { ...value, items } : value;
    }
    let changed = false;
    const entries = new Map(
        [...value.entries].map(([name, entry]) => {
            const inner = inAll(entry.value, lookUp, done);
            changed ||= inner !== entry.value;
            return [name, { ...entry, value: inner }];
        }),
    );
    return changed ? { ...value, entries } : value;
}

function inScalar(scalar: LocatedScalar, lookUp: ValueOf): LocatedScalar {
    if (typeof scalar.value !== "string" || !hasVariable(scalar.value)) return scalar;
    const value = scalar.value.replace(/(?<!\$)\$\{(\w+)(?::?[-=]([^}]*))?\}/g, (written, name, fallback) => {
        return lookUp(name) ?? fallback ?? written;
    });
    // Flux substitutes in the text and reads YAML again after, so a bare value may turn out a boolean.
    const isBoolean = scalar.plain && (value === "true" || value === "false");
    return { ...scalar, value: isBoolean ? value === "true" : value };
}
