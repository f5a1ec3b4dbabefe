import type { Located } from "../yaml/document.ts";
import { list, text, withKey, withoutKey } from "../yaml/located.ts";
import { Refusal } from "./refusal.ts";

/** RFC 6902 on a value. Throws Refusal for an operation that does not fit, as kustomize refuses the whole build. */
export function operated(root: Located, operations: Located): Located {
    let result = root;
    for (const operation of list(operations)) {
        const kind = text(operation, "op");
        const path = pointer(text(operation, "path"));
        const value = operation.type === "map" ? operation.entries.get("value")?.value : undefined;
        const refuse = (): never => {
            const named = `${kind ?? "operation without op"} ${text(operation, "path") ?? ""}`;
            throw new Refusal(operation.at, `the JSON patch's ${named} does not fit the object`);
        };
        if (kind === "add") result = put(result, path, value ?? refuse(), "add", refuse);
        else if (kind === "replace") result = put(result, path, value ?? refuse(), "replace", refuse);
        else if (kind === "remove") result = remove(result, path, refuse);
        else if (kind === "test") {
            if (!isSame(find(result, path), value)) refuse();
        } else if (kind === "move" || kind === "copy") {
            const from = pointer(text(operation, "from"));
            const source = find(result, from) ?? refuse();
            result = put(kind === "move" ? remove(result, from, refuse) : result, path, source, "add", refuse);
        } else refuse();
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

function find(root: Located, path: readonly string[]): Located | undefined {
    return path.reduce<Located | undefined>((found, step) => found && child(found, step), root);
}

function child(value: Located, step: string): Located | undefined {
    if (value.type === "map") return value.entries.get(step)?.value;
    return value.type === "list" && /^\d+$/.test(step) ? value.items[Number(step)] : undefined;
}

function put(
    root: Located,
    path: readonly string[],
    value: Located,
    kind: "add" | "replace",
    refuse: () => never,
): Located {
    const [step, ...rest] = path;
    if (step === undefined) return value;
    if (root.type === "map") {
        const before = root.entries.get(step)?.value;
        if (rest.length > 0) return withKey(root, step, put(before ?? refuse(), rest, value, kind, refuse));
        if (kind === "replace" && !before) refuse();
        return { ...root, entries: new Map(root.entries).set(step, { key: value.at, value }) };
    }
    if (root.type !== "list") return refuse();
    const position = step === "-" ? root.items.length : /^\d+$/.test(step) ? Number(step) : refuse();
    const items = [...root.items];
    if (rest.length > 0) items[position] = put(items[position] ?? refuse(), rest, value, kind, refuse);
    else if (position > items.length - (kind === "replace" ? 1 : 0)) refuse();
    else items.splice(position, kind === "replace" ? 1 : 0, value);
    return { ...root, items };
}

function remove(root: Located, path: readonly string[], refuse: () => never): Located {
    const [step, ...rest] = path;
    if (step === undefined) return refuse();
    const inner = child(root, step) ?? refuse();
    if (root.type === "map") {
        return rest.length === 0 ? withoutKey(root, step) : withKey(root, step, remove(inner, rest, refuse));
    }
    if (root.type !== "list") return refuse();
    const items = root.items.flatMap((item, position) =>
        position !== Number(step) ? [item] : rest.length === 0 ? [] : [remove(item, rest, refuse)],
    );
    return { ...root, items };
}

/** Whether two values are equal, wherever they were written. */
function isSame(a: Located | undefined, b: Located | undefined): boolean {
    if (a?.type === "scalar" || b?.type === "scalar") {
        return a?.type === "scalar" && b?.type === "scalar" && a.value === b.value;
    }
    if (a?.type === "list" && b?.type === "list") {
        return a.items.length === b.items.length && a.items.every((item, position) => isSame(item, b.items[position]));
    }
    if (a?.type !== "map" || b?.type !== "map") return a === b;
    return (
        a.entries.size === b.entries.size &&
        [...a.entries].every(([key, { value }]) => isSame(value, b.entries.get(key)?.value))
    );
}
