import { isClusterScoped, type KubernetesObject, remembered, renamed, withRoot } from "../object.ts";
import type { Located, LocatedEntry, LocatedMap } from "../yaml/document.ts";
import { list, scalar, text, withKey } from "../yaml/located.ts";

/** Namespace, name prefix and suffix, labels and annotations of a kustomization.yaml, in kustomize's order. */
export function transformed(objects: KubernetesObject[], section: LocatedMap): KubernetesObject[] {
    const namespace = text(section, "namespace");
    const prefix = text(section, "namePrefix") ?? "";
    const suffix = text(section, "nameSuffix") ?? "";
    const labels = labelsIn(section);
    const annotations = entriesOf(section, "commonAnnotations");
    return objects.map(object => {
        let result = object;
        if (namespace) result = inNamespace(result, namespace);
        // As kustomize's own configuration has it: these keep their names.
        const keepsName = ["CustomResourceDefinition", "APIService", "Namespace"].includes(object.kind);
        const name = keepsName ? result.name : `${prefix}${result.name}${suffix}`;
        if (name !== result.name) result = renamed(remembered(result), { name });
        return marked(marked(result, "labels", labels), "annotations", annotations);
    });
}

/** A Namespace is called what its namespace is. */
function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
    if (object.kind === "Namespace" && object.group === "") return renamed(remembered(object), { name: namespace });
    return isClusterScoped(object) ? object : renamed(remembered(object), { namespace });
}

function labelsIn(section: LocatedMap): [string, LocatedEntry][] {
    return [
        ...list(section, "labels").flatMap(entry => entriesOf(entry, "pairs")),
        ...entriesOf(section, "commonLabels"),
    ];
}

function entriesOf(value: Located, key: string): [string, LocatedEntry][] {
    const map = value.type === "map" ? value.entries.get(key)?.value : undefined;
    return map?.type === "map" ? [...map.entries] : [];
}

/** The object with labels or annotations added, which selectors of later patches may ask for. */
function marked(
    object: KubernetesObject,
    where: "labels" | "annotations",
    entries: readonly [string, LocatedEntry][],
): KubernetesObject {
    const metadata = object.root.entries.get("metadata")?.value;
    if (entries.length === 0 || metadata?.type !== "map") return object;
    const before = metadata.entries.get(where)?.value;
    const marks = { type: "map" as const, at: metadata.at, ...(before?.type === "map" && before) };
    const all = new Map([...(before?.type === "map" ? before.entries : []), ...entries]);
    return withRoot(object, withKey(object.root, "metadata", withKey(metadata, where, { ...marks, entries: all })));
}

/** `images` of a kustomization.yaml, or of a Flux Kustomization's `spec`. */
export function withNewImages(objects: KubernetesObject[], section: LocatedMap): KubernetesObject[] {
    const images = list(section, "images");
    if (images.length === 0) return objects;
    return objects.map(object => withRoot(object, withImages(object.root, images) as LocatedMap));
}

/** Kustomize rewrites `image` in containers, wherever an object has them. */
function withImages(value: Located, images: readonly Located[], done = new Map<Located, Located>()): Located {
    const known = done.get(value);
    if (known || value.type === "scalar") return known ?? value;
    const result =
        value.type === "list"
            ? mapItems(value, item => withImages(item, images, done))
            : withImagesInMap(value, images, done);
    done.set(value, result);
    return result;
}

function withImagesInMap(value: LocatedMap, images: readonly Located[], done: Map<Located, Located>): LocatedMap {
    let result = value;
    for (const [key, { value: inner }] of value.entries) {
        const changed =
            key === "containers" || key === "initContainers"
                ? mapItems(inner, container => withImage(container, images))
                : withImages(inner, images, done);
        if (changed !== inner) result = withKey(result, key, changed);
    }
    return result;
}

function mapItems(value: Located, change: (item: Located) => Located): Located {
    if (value.type !== "list") return value;
    const items = value.items.map(change);
    return items.some((item, position) => item !== value.items[position]) ? { ...value, items } : value;
}

function withImage(container: Located, images: readonly Located[]): Located {
    const written = container.type === "map" ? container.entries.get("image")?.value : undefined;
    if (container.type !== "map" || written?.type !== "scalar") return container;
    const [, name, tag = "", digest = ""] = /^(.+?)(:[^/:@]+)?(@.+)?$/.exec(String(written.value)) ?? [];
    const rule = images.find(image => text(image, "name") === name);
    if (!rule) return container;
    const newTag = text(rule, "newTag");
    const newDigest = text(rule, "digest");
    const version = newDigest ? `@${newDigest}` : newTag ? `:${newTag}` : `${tag}${digest}`;
    return withKey(container, "image", scalar(`${text(rule, "newName") ?? name}${version}`, written.at));
}
