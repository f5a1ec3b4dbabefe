import { Refusal } from "../kustomize/refusal.ts";
import { type KubernetesObject, markOf, withRoot } from "../object.ts";
import type { Located, LocatedMap, LocatedScalar } from "../yaml/document.ts";
import { parseInlineYaml } from "../yaml/file.ts";
import { at, list, text } from "../yaml/located.ts";
import { BadSubstitution, evaluated, type ValueOf } from "./expression.ts";

/** The ConfigMap that a cluster would have under a name when the Kustomization is built; undefined: not in the repository. */
export type FindConfigMap = (name: string, namespace: string | undefined) => KubernetesObject | undefined;

/** What a Flux Kustomization substitutes, and what of it only the cluster knows. */
export interface Variables {
    lookUp: ValueOf;
    /** `Secret/name` and ConfigMaps that are not in the repository. */
    unknown: string[];
}

/** Undefined where nothing is substituted: without variables Flux leaves `${…}` as it is. */
export function variablesOf(kustomization: KubernetesObject, find: FindConfigMap): Variables | undefined {
    const postBuild = at(kustomization.root, "spec", "postBuild");
    if (postBuild?.type !== "map") return undefined;
    const values = new Map<string, string>();
    const unknown: string[] = [];
    const add = (map: Located | undefined) => {
        if (map?.type !== "map") return;
        for (const [key, { value }] of map.entries) {
            // Flux takes line breaks out of every value.
            if (value.type === "scalar") values.set(key, String(value.value ?? "").replaceAll("\n", ""));
        }
    };
    for (const reference of list(postBuild, "substituteFrom")) {
        const [kind, name] = [text(reference, "kind") ?? "", text(reference, "name") ?? ""];
        const found = kind === "ConfigMap" ? find(name, kustomization.namespace) : undefined;
        const data = at(found?.root, "data");
        if (data) add(data);
        else unknown.push(`${kind}/${name}`);
    }
    const encrypted = [...values].filter(([, value]) => value.startsWith("ENC["));
    for (const [key] of encrypted) values.delete(key);
    add(at(postBuild, "substitute"));
    if (values.size === 0 && unknown.length === 0) return undefined;
    const isComplete = unknown.length === 0 && encrypted.length === 0;
    return { lookUp: name => values.get(name) ?? (isComplete ? "" : undefined), unknown };
}

/** Puts variables into every value of the objects. Throws Refusal for text that Flux cannot substitute in. */
export function substituted(objects: KubernetesObject[], { lookUp }: Variables): KubernetesObject[] {
    const done = new Map<Located, Located>();
    return objects.map(object => {
        if (markOf(object, "kustomize.toolkit.fluxcd.io/substitute") === "disabled") return object;
        return withRoot(object, inAll(object.root, lookUp, done) as LocatedMap);
    });
}

/** Whether a text still holds a variable, or a ResourceSet's expression, so that nobody can say here what it will be. */
export function hasVariable(written: string): boolean {
    return written.includes("${") || written.includes("<<");
}

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
    let isChanged = false;
    const entries = new Map(
        [...value.entries].map(([name, entry]) => {
            const inner = inAll(entry.value, lookUp, done);
            const key = name.includes("${") ? evaluatedAt(name, lookUp, value) : name;
            isChanged ||= inner !== entry.value || key !== name;
            return [key, { ...entry, value: inner }];
        }),
    );
    return isChanged ? { ...value, entries } : value;
}

function evaluatedAt(written: string, lookUp: ValueOf, place: Located): string {
    try {
        return evaluated(written, lookUp);
    } catch (error) {
        if (error instanceof BadSubstitution) throw new Refusal(place.at, error.message);
        throw error;
    }
}

function inScalar(scalar: LocatedScalar, lookUp: ValueOf): Located {
    if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return scalar;
    const value = evaluatedAt(scalar.value, lookUp, scalar);
    if (value === scalar.value) return scalar;
    // Flux substitutes in the text of the built object, where quotes are gone, and reads it again as YAML.
    const isOneLine = !scalar.value.includes("\n") && /^[\w$./-]/.test(scalar.value);
    const root = isOneLine && /^(?:|~|null|true|false|[[{"'].*)$/s.test(value) ? parsed(value, scalar) : undefined;
    return root ?? { ...scalar, value, plain: scalar.plain || isOneLine };
}

function parsed(value: string, scalar: LocatedScalar): Located | undefined {
    if (value === "") return { ...scalar, value: null };
    return parseInlineYaml(value, scalar.at).roots[0];
}
