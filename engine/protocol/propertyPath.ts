import { isMap, type PropertyMap, type PropertyValue, Secret } from "./values.ts";

/** Steps into a value: property names and array indexes; `*` stands for every one of them. */
export type PropertyPath = (string | number)[];

/** Parses `root.array[0]["a key"].*`, the notation of `ignoreChanges` and of a plugin's detailed diff. */
export function parsePath(text: string): PropertyPath {
    const path: PropertyPath = [];
    const pattern = /\["((?:\\"|[^"])*)"\]|\[(\*|\d+)\]|\.?([^.[]+)/gy;
    while (pattern.lastIndex < text.length) {
        const start = pattern.lastIndex;
        const match = pattern.exec(text);
        if (match === null || (start === 0 && text.startsWith("."))) {
            throw new Error(`"${text}" is not a property path. Write it like root.list[0].name or root["a key"].`);
        }
        const [, quoted, index, name] = match;
        if (quoted !== undefined) path.push(quoted.replaceAll('\\"', '"'));
        else if (index !== undefined) path.push(index === "*" ? "*" : Number(index));
        else path.push(name!);
    }
    return path;
}

/** Whether `outer` names `inner` or something around it. */
export function pathContains(outer: PropertyPath, inner: PropertyPath): boolean {
    return outer.length <= inner.length && outer.every((step, index) => step === "*" || step === inner[index]);
}

interface Side {
    value: PropertyValue | undefined;
    secret: boolean;
}

function opened(value: PropertyValue | undefined, secret: boolean): Side {
    let side: Side = { value, secret };
    while (side.value instanceof Secret) side = { value: side.value.element, secret: true };
    return side;
}

/** Sets `key` of a container that both sides have to what the old side has there. */
function resetLeaf(
    container: PropertyMap | PropertyValue[],
    key: string | number,
    old: Side,
    secretNow: boolean,
): void {
    const target = container as PropertyMap;
    if (old.value === undefined) delete target[key];
    else target[key] = old.secret && !secretNow ? new Secret(old.value) : old.value;
}

function reset(
    path: PropertyPath,
    oldValue: PropertyValue | undefined,
    newValue: PropertyValue,
    secretNow: boolean,
): boolean {
    const old = opened(oldValue, false);
    const now = opened(newValue, secretNow);
    const [key, ...rest] = path;
    if (key === undefined) return false;
    const oldArray = Array.isArray(old.value);
    const newArray = Array.isArray(now.value);
    const oldMap = isMap(old.value);
    const newMap = isMap(now.value);
    if (key === "*") {
        if (!((oldArray && newArray) || (oldMap && newMap))) return false;
        const keys = new Set([...Object.keys(old.value as object), ...Object.keys(now.value as object)]);
        return [...keys]
            .map(each => reset([oldArray ? Number(each) : each, ...rest], old.value, now.value!, now.secret))
            .every(Boolean);
    }
    if (typeof key === "number") {
        if (!oldArray || !newArray) return !oldArray && !newArray;
        const before = (old.value as PropertyValue[])[key];
        const after = (now.value as PropertyValue[])[key];
        if (before === undefined || after === undefined) return before === after && rest.length === 0;
        if (rest.length > 0) return reset(rest, before, after, now.secret);
        resetLeaf(now.value as PropertyValue[], key, { value: before, secret: old.secret }, now.secret);
        return true;
    }
    const before = oldMap ? (old.value as PropertyMap)[key] : undefined;
    if (rest.length === 0) {
        if (!newMap) return before === undefined;
        resetLeaf(now.value as PropertyMap, key, { value: before, secret: old.secret }, now.secret);
        return true;
    }
    if (!oldMap || !newMap) return !oldMap && !newMap;
    const after = (now.value as PropertyMap)[key];
    if (before === undefined || after === undefined) return before === after;
    return reset(rest, before, after, now.secret);
}

function copied(value: PropertyValue): PropertyValue {
    if (value instanceof Secret) return new Secret(copied(value.element));
    if (Array.isArray(value)) return value.map(copied);
    return isMap(value)
        ? Object.fromEntries(Object.entries(value).map(([key, element]) => [key, copied(element)]))
        : value;
}

/**
 * The inputs with every path of `ignoreChanges` set back to its old value. `unresolved` names the paths that lead to
 * something added or removed, which cannot be put back.
 */
export function resetIgnored(
    oldInputs: PropertyMap,
    inputs: PropertyMap,
    ignoreChanges: readonly string[],
): { inputs: PropertyMap; unresolved: string[] } {
    if (ignoreChanges.length === 0) return { inputs, unresolved: [] };
    const result = copied(inputs) as PropertyMap;
    const unresolved = ignoreChanges.filter(path => !reset(parsePath(path), oldInputs, result, false));
    return { inputs: result, unresolved };
}
