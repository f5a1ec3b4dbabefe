import { join, resolve } from "node:path";
import { type KubernetesObject, objectsOf } from "../object.ts";
import { isYamlName, type Repository } from "../repository.ts";
import type { Located, LocatedMap, Place, YamlFile } from "../yaml/document.ts";
import { parseInlineYaml } from "../yaml/file.ts";
import { list, text } from "../yaml/located.ts";
import { isNamedBy, isTarget, patched, targetFrom } from "./patch.ts";
import { transformed } from "./transform.ts";

/** Something that a build would need and that is not in the repository, or is not readable. */
export interface Unread {
    at: Place | FilePlace;
    message: string;
}

/** A line of a file that has no readable document there. */
export interface FilePlace {
    document: undefined;
    file: string;
    line: number;
}

/** What `kustomize build` gives for a directory, as far as files alone tell. */
export interface Build {
    objects: KubernetesObject[];
    unread: Unread[];
}

const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Builds directories of a repository as Flux does, each once. */
export function kustomizeBuilder(repository: Repository): Builder {
    const built = new Map<string, Build>();
    const builder: Builder = {
        repository,
        build(directory) {
            const known = built.get(directory);
            if (known) return known;
            // A directory that includes itself is an error to kustomize; here it adds nothing.
            built.set(directory, { objects: [], unread: [] });
            const overlay = overlayIn(directory, repository);
            const result = overlay ? buildOnto([], overlay, directory, builder) : buildPlain(directory, builder);
            built.set(directory, result);
            return result;
        },
    };
    return builder;
}

/** Reads directories on demand, so that overlays can refer to each other. */
export interface Builder {
    repository: Repository;
    build(directory: string): Build;
}

function overlayIn(directory: string, repository: Repository): YamlFile | undefined {
    for (const name of kustomizationNames) {
        const file = repository.read(join(directory, name));
        if (file) return file;
    }
    return undefined;
}

/** Flux writes a kustomization.yaml for a directory that has none, listing every manifest below it. */
function buildPlain(directory: string, { repository, build }: Builder): Build {
    const parts = repository.names(directory).flatMap(name => {
        const path = join(directory, name);
        if (repository.isDirectory(path)) return name.startsWith(".") ? [] : [build(path)];
        const file = isYamlName(name) ? repository.read(path) : undefined;
        return file ? [buildFile(file)] : [];
    });
    return together(parts);
}

function buildFile(file: YamlFile): Build {
    return {
        objects: file.documents.flatMap(objectsOf),
        unread: file.problems.map(({ line, message }) => ({
            at: { document: undefined, file: file.path, line },
            message,
        })),
    };
}

/**
 * What a kustomization.yaml makes, on top of the objects of whoever includes it: none for an overlay; for a component,
 * which may change them too, all that came before it.
 */
function buildOnto(
    onto: KubernetesObject[],
    file: YamlFile,
    directory: string,
    builder: Builder,
    including: readonly string[] = [directory],
): Build {
    const overlay = file.documents.find(document => document.root?.type === "map")?.root;
    if (overlay?.type !== "map") return { objects: onto, unread: buildFile(file).unread };
    const { repository } = builder;

    const own = together([...list(overlay, "resources"), ...list(overlay, "bases")].map(readResource));
    let objects = [...onto, ...own.objects];
    const unread = [...own.unread];
    for (const entry of list(overlay, "components")) {
        const added = includeComponent(objects, entry, directory, builder, including);
        objects = added.objects;
        unread.push(...added.unread);
    }
    for (const key of ["generators", "transformers", "helmCharts"]) {
        const section = list(overlay, key)[0];
        if (section)
            unread.push({ at: section.at, message: `kustomize ${key} are not run, so what they make is unknown` });
    }
    const changed = applyChanges(objects, overlay, directory, repository);
    return { objects: changed.objects, unread: [...unread, ...changed.unread] };

    function readResource(entry: Located): Build {
        const written = text(entry);
        if (!written) return { objects: [], unread: [] };
        const path = resolve(directory, written);
        if (repository.isDirectory(path)) return builder.build(path);
        const found = repository.read(path);
        return found ? buildFile(found) : missing(entry);
    }
}

/** Adds a component, named by an entry of `components`, to the objects that it may change. */
export function includeComponent(
    onto: KubernetesObject[],
    entry: Located,
    directory: string,
    builder: Builder,
    including: readonly string[] = [],
): Build {
    const path = resolve(directory, text(entry) ?? "");
    const component = including.includes(path) ? undefined : overlayIn(path, builder.repository);
    if (component) return buildOnto(onto, component, path, builder, [...including, path]);
    return { objects: onto, unread: missing(entry).unread };
}

/** Patches, then names, namespaces and images: the part of a kustomization.yaml that a Flux `spec` has too. */
export function applyChanges(
    objects: KubernetesObject[],
    section: LocatedMap,
    directory: string,
    repository: Repository,
): Build {
    const unread: Unread[] = [];
    let changed = objects;
    for (const patch of patchesIn(section, directory, repository, unread)) {
        changed = changed.flatMap(object => (patch.isFor(object) ? (patched(object, patch.change) ?? []) : [object]));
    }
    return { objects: transformed(changed, section), unread };
}

interface Patch {
    isFor(object: KubernetesObject): boolean;
    change: Located;
}

function patchesIn(section: LocatedMap, directory: string, repository: Repository, unread: Unread[]): Patch[] {
    const load = (entry: Located, written: string | undefined, inline: Located | undefined): Located[] => {
        if (inline?.type === "scalar") {
            const { roots, problem } = parseInlineYaml(String(inline.value), inline.at);
            if (problem) unread.push({ at: inline.at, message: `the patch is ${problem}` });
            return roots;
        }
        const file = written ? repository.read(resolve(directory, written)) : undefined;
        if (!file) unread.push(...missing(entry, written).unread);
        else if (file.problems[0]) unread.push({ at: entry.at, message: `${written} is ${file.problems[0].message}` });
        return file?.documents.flatMap(document => document.root ?? []) ?? [];
    };
    const patches: Patch[] = [];
    for (const entry of [...list(section, "patches"), ...list(section, "patchesJson6902")]) {
        const target = entry.type === "map" ? entry.entries.get("target")?.value : undefined;
        const inline = entry.type === "map" ? entry.entries.get("patch")?.value : undefined;
        for (const change of load(entry, text(entry, "path"), inline)) {
            const fits = target && targetFrom(target);
            patches.push({ change, isFor: object => (fits ? isTarget(object, fits) : isNamedBy(object, change)) });
        }
    }
    for (const entry of list(section, "patchesStrategicMerge")) {
        const isInline = text(entry)?.includes("\n") ?? false;
        for (const change of load(entry, isInline ? undefined : text(entry), isInline ? entry : undefined)) {
            patches.push({ change, isFor: object => isNamedBy(object, change) });
        }
    }
    return patches;
}

function together(parts: Build[]): Build {
    return { objects: parts.flatMap(part => part.objects), unread: parts.flatMap(part => part.unread) };
}

function missing(entry: Located, written = text(entry) ?? ""): Build {
    const isRemote = /^[a-z+]+:\/\/|^git@|github\.com\/|\?ref=/.test(written);
    const why = isRemote ? "is fetched from elsewhere" : "is not in the repository";
    return { objects: [], unread: [{ at: entry.at, message: `${written} ${why}, so what it holds is unknown` }] };
}
