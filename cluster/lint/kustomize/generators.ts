import { resolve } from "node:path";
import { type KubernetesObject, objectFrom, withRoot } from "../object.ts";
import type { Repository } from "../repository/repository.ts";
import type { Located, LocatedEntry, LocatedMap, Place } from "../yaml/document.ts";
import { at, list, scalar, text, withKey } from "../yaml/located.ts";
import { Refusal } from "./refusal.ts";
import { effectiveNamespace, namesOf } from "./target.ts";

/** The ConfigMaps and Secrets of `configMapGenerator` and `secretGenerator`, without the hash that kustomize adds to names. */
export function generated(
    objects: KubernetesObject[],
    section: LocatedMap,
    directory: string,
    repository: Repository,
): KubernetesObject[] {
    let result = objects;
    for (const [key, kind] of [
        ["configMapGenerator", "ConfigMap"],
        ["secretGenerator", "Secret"],
    ] as const) {
        for (const entry of list(section, key)) {
            const made = objectOf(entry, kind, dataOf(entry, directory, repository), at(section, "generatorOptions"));
            if (!made) continue;
            const behavior = text(entry, "behavior") ?? "create";
            const isSame = (object: KubernetesObject) =>
                object.kind === kind &&
                namesOf(object).some(
                    id => id.name === made.name && effectiveNamespace(id) === effectiveNamespace(made),
                );
            const before = result.find(isSame);
            if ((before === undefined) !== (behavior === "create")) {
                const state = before ? "is there already" : `is not there to ${behavior}`;
                throw new Refusal(entry.at, `${kind}/${made.name}, which is to be generated, ${state}`);
            }
            if (!before) result = [...result, made];
            else result = result.map(object => (object === before ? joined(before, made, behavior) : object));
        }
    }
    return result;
}

function objectOf(
    entry: Located,
    kind: string,
    data: Map<string, string>,
    options: Located | undefined,
): KubernetesObject | undefined {
    const name = text(entry, "name");
    if (!name) return undefined;
    const place = entry.at;
    const namespace = text(entry, "namespace");
    const values = (pairs: Iterable<[string, string]>) =>
        mapOf(
            [...pairs].map(([key, value]): [string, Located] => [key, scalar(value, place)]),
            place,
        );
    const metadata = values([["name", name], ...(namespace ? ([["namespace", namespace]] as [string, string][]) : [])]);
    const marks = (["labels", "annotations"] as const).flatMap((where): [string, Located][] => {
        const [shared, own] = [at(options, where), at(entry, "options", where)];
        const pairs = [shared, own].flatMap(value => (value?.type === "map" ? [...value.entries] : []));
        return pairs.length > 0 ? [[where, { type: "map", entries: new Map(pairs), at: place }]] : [];
    });
    const root = mapOf(
        [
            ["apiVersion", scalar("v1", place)],
            ["kind", scalar(kind, place)],
            [
                "metadata",
                mapOf(
                    [...[...metadata.entries].map(([k, { value }]): [string, Located] => [k, value]), ...marks],
                    place,
                ),
            ],
            [kind === "Secret" ? "stringData" : "data", values(data)],
        ],
        place,
    );
    return objectFrom(root, place.document);
}

function mapOf(pairs: readonly [string, Located][], place: Place): LocatedMap {
    const entries = pairs.map(([key, value]): [string, LocatedEntry] => [key, { key: place, value }]);
    return { type: "map", entries: new Map(entries), at: { document: place.document, line: place.line } };
}

function dataOf(entry: Located, directory: string, repository: Repository): Map<string, string> {
    const data = new Map<string, string>();
    const readText = (path: string) => repository.readText(resolve(directory, path)) ?? "";
    const add = (line: string) => {
        const cut = line.indexOf("=");
        if (cut > 0) data.set(line.slice(0, cut).trim(), line.slice(cut + 1).replace(/^(["'])(.*)\1$/, "$2"));
    };
    for (const written of [...list(entry, "envs"), ...(at(entry, "env") ? [at(entry, "env") as Located] : [])]) {
        for (const line of readText(text(written) ?? "").split(/\r?\n/)) if (!/^\s*(?:#|$)/.test(line)) add(line);
    }
    for (const written of list(entry, "files").flatMap(file => text(file) ?? [])) {
        const [, key, path = written] = /^([^=]+)=(.*)$/.exec(written) ?? [];
        const content = repository.readText(resolve(directory, path));
        // kustomize puts bytes that are no text into binaryData, where no variable is substituted.
        if (content !== undefined) data.set(key ?? path.slice(path.lastIndexOf("/") + 1), content);
    }
    for (const written of list(entry, "literals").flatMap(literal => text(literal) ?? [])) add(written);
    return data;
}

function joined(before: KubernetesObject, made: KubernetesObject, behavior: string): KubernetesObject {
    const key = made.kind === "Secret" ? "stringData" : "data";
    const [old, data] = [at(before.root, key), at(made.root, key)];
    if (data?.type !== "map") return before;
    const kept = behavior === "merge" && old?.type === "map" ? old.entries : new Map<string, LocatedEntry>();
    return withRoot(before, withKey(before.root, key, { ...data, entries: new Map([...kept, ...data.entries]) }));
}
