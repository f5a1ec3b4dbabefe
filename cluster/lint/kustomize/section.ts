import { join } from "node:path";
import type { Repository } from "../repository/repository.ts";
import type { Located, LocatedMap } from "../yaml/document.ts";
import { isTrue, list, text, withKey, withoutKey } from "../yaml/located.ts";

const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** The file that makes a directory one that kustomize builds, if it has one. */
export function kustomizationIn(directory: string, repository: Repository) {
    for (const name of kustomizationNames) {
        const file = repository.read(join(directory, name));
        if (file) return file;
    }
    return undefined;
}

/**
 * A kustomization.yaml with what the `spec` of a Flux Kustomization adds to it, before anything is built: Flux replaces
 * namespace, prefix and suffix, appends patches and components, and joins images by name (Flux's kustomize generator).
 */
export function withSpec(section: LocatedMap, spec: LocatedMap, exists: (component: string) => boolean): LocatedMap {
    let result = section;
    for (const [from, to] of [
        ["targetNamespace", "namespace"],
        ["namePrefix", "namePrefix"],
        ["nameSuffix", "nameSuffix"],
    ] as const) {
        const value = spec.entries.get(from)?.value;
        if (value && text(value)) result = withKey(result, to, value);
    }
    for (const key of ["patches", "patchesStrategicMerge", "patchesJson6902"]) {
        result = appended(result, key, list(spec, key), spec);
    }
    const mayBeMissing = isTrue(spec, "ignoreMissingComponents");
    const components = list(spec, "components").filter(entry => !mayBeMissing || exists(text(entry) ?? ""));
    result = appended(result, "components", components, spec);
    const images = list(spec, "images");
    if (images.length === 0) return result;
    const before = list(section, "images").map(image => {
        const over = images.find(one => text(one, "name") === text(image, "name"));
        return over?.type === "map" && image.type === "map" ? joinedImage(image, over) : image;
    });
    const known = new Set(before.map(image => text(image, "name")));
    const others = images.filter(image => !known.has(text(image, "name")));
    return withKey(result, "images", { type: "list", items: [...before, ...others], at: spec.at });
}

function appended(section: LocatedMap, key: string, entries: readonly Located[], spec: LocatedMap): LocatedMap {
    if (entries.length === 0) return section;
    return withKey(section, key, { type: "list", items: [...list(section, key), ...entries], at: spec.at });
}

/** Tag and digest both choose the version, so that one of them set puts both old ones aside. */
function joinedImage(image: LocatedMap, over: LocatedMap): LocatedMap {
    const setsVersion = text(over, "newTag") || text(over, "digest");
    let result = setsVersion ? withoutKey(withoutKey(image, "newTag"), "digest") : image;
    for (const key of ["newName", "newTag", "digest"]) {
        const value = over.entries.get(key)?.value;
        if (value && text(value)) result = withKey(result, key, value);
    }
    return result;
}
