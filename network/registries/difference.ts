import { isDeepStrictEqual } from "node:util";
import { withoutCredentials } from "./endpoint.ts";
import { parseRegistries, pathText } from "./parse.ts";
import type { Registries } from "./schema.ts";

/** What another registries.yaml takes away, adds and changes: one line a value, credentials never shown. */
export function registriesDifference(before: string, after: Registries): string[] {
    const { file, problems } = parseRegistries(before);
    if (file === null) return problems.map(({ line, message }) => `line ${line} of it is not understood: ${message}`);
    return [
        ...entries("mirrors", file.registries.mirrors, after.mirrors),
        ...entries("configs", file.registries.configs, after.configs),
    ];
}

function entries(section: string, before: object = {}, after: object = {}): string[] {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].toSorted().flatMap(name => {
        const olds = (before as Record<string, object>)[name];
        const news = (after as Record<string, object>)[name];
        const path = pathText([section, name]);
        if (olds === undefined) return [`${path} is added`];
        if (news === undefined) return [`${path} is removed: ${shown(olds)}`];
        return fields(path, olds, news);
    });
}

function fields(path: string, before: object, after: object): string[] {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].toSorted().flatMap(name => {
        const olds: unknown = (before as Record<string, unknown>)[name];
        const news: unknown = (after as Record<string, unknown>)[name];
        if (isDeepStrictEqual(olds, news)) return [];
        if (name === "auth") return [`${path}.auth changes (not shown)`];
        return [`${path}.${name}: ${shown(olds)} becomes ${shown(news)}`];
    });
}

function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    return withoutCredentials(JSON.stringify(value, (key, inner) => (key === "auth" ? "(not shown)" : inner)));
}
