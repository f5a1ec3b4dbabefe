import { isClusterScoped, type KubernetesObject, renamed } from "../object.ts";
import type { Located, LocatedMap } from "../yaml/document.ts";
import { list, scalar, text, withKey } from "../yaml/located.ts";

/** Namespace, name prefix and suffix, and images of a kustomization.yaml, or of a Flux Kustomization's `spec`. */
export function transformed(objects: KubernetesObject[], section: LocatedMap): KubernetesObject[] {
    const namespace = text(section, "namespace") ?? text(section, "targetNamespace");
    const prefix = text(section, "namePrefix") ?? "";
    const suffix = text(section, "nameSuffix") ?? "";
    const images = list(section, "images");
    return objects.map(object => {
        let result = object;
        if (namespace && !isClusterScoped(object)) result = renamed(result, { namespace });
        // As kustomize's own configuration has it: these keep their names.
        const keepsName = ["CustomResourceDefinition", "APIService", "Namespace"].includes(object.kind);
        if ((prefix || suffix) && !keepsName) result = renamed(result, { name: `${prefix}${result.name}${suffix}` });
        if (images.length > 0) result = { ...result, root: withImages(result.root, images) as LocatedMap };
        return result;
    });
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
