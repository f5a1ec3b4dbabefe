import { join, relative, resolve } from "node:path";
import { type KubernetesObject, objectsOf } from "../object.ts";
import { isYamlName, type Repository } from "../repository/repository.ts";
import type { Located, LocatedMap, Place, YamlFile } from "../yaml/document.ts";
import { parseInlineYaml } from "../yaml/file.ts";
import { at, list, text } from "../yaml/located.ts";
import { generated } from "./generators.ts";
import { type PatchOptions, patched, patchOptions } from "./patch.ts";
import { type FilePlace, Refusal } from "./refusal.ts";
import { replaced } from "./replacements.ts";
import { kustomizationIn, withSpec } from "./section.ts";
import { effectiveNamespace, isNamedBy, patchTarget, type Target } from "./target.ts";
import { transformed, withNewImages } from "./transform.ts";

/** Something that a build would need and that is not in the repository, or is not readable. */
export interface Unread {
    at: Place | FilePlace;
    message: string;
}

/** What Flux builds of a directory, as far as files alone tell. */
export interface Build {
    objects: KubernetesObject[];
    unread: Unread[];
}

/** Builds directories of a repository as Flux does; those that overlays share are built once. */
export interface Builder {
    /** @param spec Of the Flux Kustomization that applies the directory. */
    build(directory: string, spec: LocatedMap): Build;
}

export function kustomizeBuilder(repository: Repository): Builder {
    const bases = new Map<string, Build | Refusal | "running">();
    const walk: Walk = {
        repository,
        base(directory, entry) {
            const known = bases.get(directory);
            if (known === "running") throw new Refusal(entry.at, `${text(entry)} includes itself`);
            if (known instanceof Refusal) throw known;
            if (known) return known;
            bases.set(directory, "running");
            try {
                const result = baseOf(directory, entry, walk);
                bases.set(directory, result);
                return result;
            } catch (error) {
                if (error instanceof Refusal) bases.set(directory, error);
                else bases.delete(directory);
                throw error;
            }
        },
    };
    return {
        build(directory, spec) {
            try {
                return buildOf(directory, spec, walk);
            } catch (error) {
                if (!(error instanceof Refusal)) throw error;
                const path = relative(repository.top, error.at.document ? error.at.document.file.path : error.at.file);
                const place = spec.entries.get("path")?.key ?? spec.at;
                const reason = `${path}:${error.at.line}: ${error.message}`;
                return {
                    objects: [],
                    unread: [
                        { at: place, message: `Flux refuses to build this, so nothing of it is applied: ${reason}` },
                    ],
                };
            }
        },
    };
}

interface Walk {
    repository: Repository;
    /** A directory that `resources` names. */
    base(directory: string, entry: Located): Build;
}

function buildOf(directory: string, spec: LocatedMap, walk: Walk): Build {
    const { repository } = walk;
    const file = kustomizationIn(directory, repository);
    const exists = (component: string) => repository.isDirectory(resolve(directory, component));
    if (file) {
        const section = withSpec(sectionOf(file), spec, exists);
        return onto(empty, section, resourcesOf(section, directory, walk), directory, walk);
    }
    const none: LocatedMap = { type: "map", entries: new Map(), at: spec.at };
    return onto(empty, withSpec(none, spec, exists), plainDirectory(directory, spec, walk), directory, walk);
}

const empty: Build = { objects: [], unread: [] };

function baseOf(directory: string, entry: Located, walk: Walk): Build {
    const file = kustomizationIn(directory, walk.repository);
    if (!file) throw new Refusal(entry.at, `${text(entry)} has no kustomization.yaml`);
    const section = sectionOf(file);
    if (text(section, "kind") === "Component") {
        throw new Refusal(entry.at, `${text(entry)} is a Component, which belongs under components, not resources`);
    }
    return onto(empty, section, resourcesOf(section, directory, walk), directory, walk);
}

function sectionOf(file: YamlFile): LocatedMap {
    refuseBroken(file);
    const root = file.documents.find(document => document.root?.type === "map")?.root;
    if (root?.type !== "map") throw new Refusal({ document: undefined, file: file.path, line: 1 }, "it is empty");
    return root;
}

function refuseBroken(file: YamlFile): void {
    const problem = file.problems[0];
    if (problem) throw new Refusal({ document: undefined, file: file.path, line: problem.line }, problem.message);
}

/** Flux lists every manifest below a directory that has no kustomization.yaml; directories that have one are bases. */
function plainDirectory(directory: string, spec: LocatedMap, walk: Walk): Build {
    const { repository } = walk;
    return joined(
        repository.names(directory).map(name => {
            const path = join(directory, name);
            if (repository.isDirectory(path)) {
                if (isLeftOut(`${name}/`)) return empty;
                const entry: Located = { type: "scalar", value: relative(directory, path), plain: false, at: spec.at };
                return kustomizationIn(path, repository) ? walk.base(path, entry) : plainDirectory(path, spec, walk);
            }
            const file = isYamlName(name) && !isLeftOut(name) ? repository.read(path) : undefined;
            return file ? resourceFile(file) : empty;
        }),
    );
}

/** What Flux leaves out of every source beside its `.sourceignore` (https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files). */
function isLeftOut(name: string): boolean {
    return /^(?:\.git.*|\.github\/|\.circleci\/|\.travis\.yml|appveyor\.yml|\.drone\.yml|cloudbuild\.yaml|codeship-\w+\.yml|\.goreleaser\.yml|\.sops\.yaml|\.flux\.yaml)$/.test(
        name,
    );
}

function resourceFile(file: YamlFile): Build {
    refuseBroken(file);
    for (const { root } of file.documents) {
        if (!root || (root.type === "scalar" && root.value === null)) continue;
        const isList = text(root, "kind")?.endsWith("List") ?? false;
        const isObject = text(root, "kind") && (isList || text(root, "metadata", "name"));
        if (!isObject) throw new Refusal(root.at, "it holds something that is no Kubernetes object with kind and name");
    }
    const isLocal = (object: KubernetesObject) =>
        text(object.root, "metadata", "annotations", "config.kubernetes.io/local-config") === "true";
    return { objects: file.documents.flatMap(objectsOf).filter(object => !isLocal(object)), unread: [] };
}

function resourcesOf(section: LocatedMap, directory: string, walk: Walk): Build {
    const { repository } = walk;
    return joined(
        [...list(section, "resources"), ...list(section, "bases")].map(entry => {
            const written = text(entry);
            if (!written) return empty;
            const path = resolve(directory, written);
            if (repository.isDirectory(path)) return walk.base(path, entry);
            const file = repository.read(path);
            return file ? resourceFile(file) : missing(entry);
        }),
    );
}

/**
 * One layer, in kustomize's order: what was there before, resources, generators, components, which change all of that, and
 * then the section's own changes.
 */
function onto(
    before: Build,
    section: LocatedMap,
    resources: Build,
    directory: string,
    walk: Walk,
    including: readonly string[] = [directory],
): Build {
    const { repository } = walk;
    let { objects, unread } = joined([before, resources]);
    refuseTwins(objects, section);
    objects = generated(objects, section, directory, repository);
    for (const entry of list(section, "components")) {
        const added = withComponent({ objects, unread }, entry, directory, walk, including);
        objects = added.objects;
        unread = added.unread;
    }
    for (const key of ["generators", "transformers", "helmCharts", "vars"]) {
        const first = list(section, key)[0];
        if (!first) continue;
        unread = [...unread, { at: first.at, message: `kustomize ${key} are not run, so what they make is unknown` }];
    }
    // A patch that fits nothing may be for an object that nobody could read.
    const isWhole = unread.length === 0;
    const patches = patchesIn(section, directory, repository, isWhole);
    for (const patch of patches.first) objects = patch(objects);
    objects = transformed(objects, section);
    refuseTwins(objects, section);
    for (const patch of patches.last) objects = patch(objects);
    objects = withNewImages(objects, section);
    for (const replacement of replacementsIn(section, directory, repository)) {
        if ("message" in replacement) unread = [...unread, replacement];
        else objects = replaced(objects, replacement, isWhole);
    }
    return { objects, unread: [...unread, ...patches.unread] };
}

function withComponent(
    before: Build,
    entry: Located,
    directory: string,
    walk: Walk,
    including: readonly string[],
): Build {
    const path = resolve(directory, text(entry) ?? "");
    if (including.includes(path)) throw new Refusal(entry.at, `${text(entry)} includes itself`);
    const file = kustomizationIn(path, walk.repository);
    if (!file) return joined([before, missing(entry)]);
    const section = sectionOf(file);
    if (text(section, "kind") !== "Component") {
        throw new Refusal(entry.at, `${text(entry)} is not a Component, so it belongs under resources, not components`);
    }
    return onto(before, section, resourcesOf(section, path, walk), path, walk, [...including, path]);
}

/** Two objects of one name are refused, as what is applied last would depend on chance. */
function refuseTwins(objects: readonly KubernetesObject[], section: LocatedMap): void {
    const seen = new Set<string>();
    for (const object of objects) {
        const id = [text(object.root, "apiVersion"), object.kind, effectiveNamespace(object), object.name].join(" ");
        if (seen.has(id)) throw new Refusal(section.at, `${object.kind}/${object.name} is there twice`);
        seen.add(id);
    }
}

type Change = (objects: KubernetesObject[]) => KubernetesObject[];

/** `patchesJson6902` come after names and namespaces, all other patches before. */
function patchesIn(section: LocatedMap, directory: string, repository: Repository, isWhole: boolean) {
    const unread: Unread[] = [];
    const load = (entry: Located, written: string | undefined, inline: Located | undefined): Located[] => {
        if (inline && inline.type !== "scalar") return [inline];
        if (inline) {
            const { roots, problem } = parseInlineYaml(String(inline.value).trimEnd(), inline.at);
            if (problem) throw new Refusal(inline.at, `the patch is ${problem}`);
            return roots;
        }
        const file = written ? repository.read(resolve(directory, written)) : undefined;
        if (!file) unread.push(...missing(entry, written).unread);
        else if (file.problems[0]) throw new Refusal(entry.at, `the patch ${written} is ${file.problems[0].message}`);
        return file?.documents.flatMap(document => document.root ?? []) ?? [];
    };
    const fromEntry = (entry: Located): Change[] => {
        const target = at(entry, "target");
        const options = patchOptions(entry);
        const fits = target?.type === "map" ? patchTarget(target) : undefined;
        return load(entry, text(entry, "path"), at(entry, "patch")).map(
            change => objects => applied(objects, change, options, isWhole, fits),
        );
    };
    const merges = list(section, "patchesStrategicMerge").flatMap(entry => {
        const isInline = entry.type !== "scalar" || String(entry.value).includes("\n");
        return load(entry, isInline ? undefined : text(entry), isInline ? entry : undefined).map(
            (change): Change =>
                objects =>
                    applied(objects, change, patchOptions(undefined), isWhole),
        );
    });
    return {
        first: [...merges, ...list(section, "patches").flatMap(fromEntry)],
        last: list(section, "patchesJson6902").flatMap(fromEntry),
        unread,
    };
}

/** A patch with a target may fit no object; one that names its object must find exactly that one. */
function applied(
    objects: KubernetesObject[],
    change: Located,
    options: PatchOptions,
    isWhole: boolean,
    fits?: Target,
): KubernetesObject[] {
    const isFor = fits ?? ((object: KubernetesObject) => isNamedBy(object, change));
    const chosen = new Set(objects.filter(isFor));
    if (!fits && chosen.size === 0 && !isWhole) return objects;
    if (!fits && chosen.size !== 1) {
        const named = `${text(change, "kind") ?? "no kind"}/${text(change, "metadata", "name") ?? ""}`;
        throw new Refusal(
            change.at,
            `the patch for ${named} fits ${chosen.size === 0 ? "no object" : "several objects"}`,
        );
    }
    return objects.flatMap(object => (chosen.has(object) ? (patched(object, change, options) ?? []) : [object]));
}

function replacementsIn(section: LocatedMap, directory: string, repository: Repository): (Located | Unread)[] {
    return list(section, "replacements").flatMap((entry): (Located | Unread)[] => {
        const written = text(entry, "path");
        if (!written) return [entry];
        const file = repository.read(resolve(directory, written));
        if (!file) return missing(entry, written).unread;
        refuseBroken(file);
        return file.documents.flatMap(({ root }) => (root?.type === "list" ? [...root.items] : (root ?? [])));
    });
}

function joined(parts: Build[]): Build {
    return { objects: parts.flatMap(part => part.objects), unread: parts.flatMap(part => part.unread) };
}

function missing(entry: Located, written = text(entry) ?? ""): Build {
    const isRemote = /^[a-z+]+:\/\/|^git@|github\.com\/|\?ref=/.test(written);
    const why = isRemote ? "is fetched from elsewhere" : "is not in the repository";
    return { objects: [], unread: [{ at: entry.at, message: `${written} ${why}, so what it holds is unknown` }] };
}
