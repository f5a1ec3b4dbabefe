import { type KubernetesObject, withRoot } from "../object.ts";
import type { Located, LocatedScalar } from "../yaml/document.ts";
import { at, isTrue, list, text } from "../yaml/located.ts";
import { Refusal } from "./refusal.ts";
import { isSource, replacementTarget } from "./target.ts";

/**
 * One entry of `replacements`: copies a field of one object into fields of others. Throws Refusal where kustomize refuses:
 * no source, several, or a field that is not there.
 * @param isWhole Whether all objects are known; else a source that is not among them changes nothing.
 */
export function replaced(objects: KubernetesObject[], replacement: Located, isWhole: boolean): KubernetesObject[] {
    const source = at(replacement, "source");
    if (source && !isWhole && !objects.some(object => isSource(object, source))) return objects;
    const value = source ? valueFrom(objects, source) : at(replacement, "sourceValue");
    if (!value) throw new Refusal(replacement.at, "the replacement has no source");
    let result = objects;
    for (const target of list(replacement, "targets")) {
        const select = at(target, "select");
        if (!select) throw new Refusal(target.at, "the replacement's target selects nothing");
        const isSelected = replacementTarget(select);
        const rejects = list(target, "reject").map(replacementTarget);
        const paths = list(target, "fieldPaths").flatMap(path => text(path) ?? []);
        result = result.map(object => {
            if (!isSelected(object) || rejects.some(isRejected => isRejected(object))) return object;
            return (paths.length > 0 ? paths : ["metadata.name"]).reduce(
                (changed, path) => withField(changed, path, value, target),
                object,
            );
        });
    }
    return result;
}

function valueFrom(objects: readonly KubernetesObject[], source: Located): Located {
    const [object, ...others] = objects.filter(one => isSource(one, source));
    const named = [text(source, "kind"), text(source, "name")].filter(Boolean).join("/");
    if (!object) throw new Refusal(source.at, `the replacement's source ${named} is not there`);
    if (others.length > 0) throw new Refusal(source.at, `the replacement's source ${named} is there more than once`);
    const path = text(source, "fieldPath") ?? "metadata.name";
    const found = stepsOf(path).reduce<Located | undefined>(
        (inner, step) => inner && inside(inner, step)[0],
        object.root,
    );
    const isEmpty = found === undefined || (found.type === "scalar" && (found.value === null || found.value === ""));
    if (isEmpty) throw new Refusal(source.at, `the replacement's source ${named} has no ${path}`);
    const delimiter = text(source, "options", "delimiter");
    if (!delimiter) return found;
    const part = found.type === "scalar" ? String(found.value).split(delimiter)[indexOf(source)] : undefined;
    if (part === undefined) throw new Refusal(source.at, `the replacement's source ${named} has no such part`);
    return { ...(found as LocatedScalar), value: part };
}

function indexOf(holder: Located): number {
    return Number(text(holder, "options", "index") ?? 0);
}

function withField(object: KubernetesObject, path: string, value: Located, target: Located): KubernetesObject {
    const create = isTrue(target, "options", "create");
    let count = 0;
    const set = (place: Located | undefined): Located => {
        count += 1;
        return setValue(place, value, target);
    };
    const root = inPlace(object.root, stepsOf(path), set, create);
    if (count === 0)
        throw new Refusal(target.at, `the replacement's target ${object.kind}/${object.name} has no ${path}`);
    return root?.type === "map" ? withRoot(object, root) : object;
}

/** What a target's field becomes: the value, or the part that `delimiter` and `index` name. */
function setValue(before: Located | undefined, value: Located, target: Located): Located {
    const delimiter = text(target, "options", "delimiter");
    if (!delimiter || before?.type !== "scalar" || value.type !== "scalar") return value;
    const parts = String(before.value ?? "").split(delimiter);
    const index = indexOf(target);
    if (index < 0) parts.unshift(String(value.value));
    else parts[Math.min(index, parts.length)] = String(value.value);
    return { ...before, value: parts.join(delimiter) };
}

/** `a.b`, `a.[name=x].b`, `a.0.b`, `a.*.b`; a dot within brackets or after a backslash belongs to the name. */
function stepsOf(path: string): string[] {
    const steps = path.match(/(?:\[[^\]]*\]|\\.|[^.])+/g) ?? [];
    return steps.map(step => step.replaceAll("\\.", "."));
}

/** The values that a step leads to. */
function inside(value: Located, step: string): Located[] {
    if (value.type === "map") {
        if (step === "*") return [...value.entries.values()].map(entry => entry.value);
        const found = value.entries.get(step)?.value;
        return found ? [found] : [];
    }
    if (value.type !== "list") return [];
    return value.items.filter((item, position) => isStep(item, position, step));
}

function isStep(item: Located, position: number, step: string): boolean {
    const [, key, wanted] = /^\[([^=\]]*)=([^\]]*)\]$/.exec(step) ?? [];
    if (wanted !== undefined) return (key ? text(item, key) : text(item)) === wanted;
    return step === "*" || step === String(position);
}

/** The value with what stands at a path changed. Where nothing stands, `create` makes maps on the way. */
function inPlace(
    value: Located | undefined,
    steps: readonly string[],
    set: (place: Located | undefined) => Located,
    create: boolean,
): Located | undefined {
    const [step, ...rest] = steps;
    if (step === undefined) return value || create ? set(value) : value;
    if (value?.type === "list") {
        const items = value.items.map((item, position) =>
            isStep(item, position, step) ? (inPlace(item, rest, set, create) ?? item) : item,
        );
        return { ...value, items };
    }
    if (value?.type !== "map") return value;
    const entries = new Map(value.entries);
    for (const key of step === "*" ? [...entries.keys()] : [step]) {
        const entry = entries.get(key);
        if (!entry && !create) continue;
        const missing: Located | undefined =
            rest.length > 0 ? { type: "map", entries: new Map(), at: value.at } : undefined;
        const inner = inPlace(entry?.value ?? missing, rest, set, create);
        if (inner) entries.set(key, { key: entry?.key ?? value.at, value: inner });
    }
    return { ...value, entries };
}
