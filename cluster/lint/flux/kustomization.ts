import { relative, sep } from "node:path";
import { type Build, type Builder, kustomizeBuilder, type Unread } from "../kustomize/build.ts";
import { Refusal } from "../kustomize/refusal.ts";
import { type KubernetesObject, objectsOf, sameNamespace, sameObject } from "../object.ts";
import { isBelow, type Repository } from "../repository/repository.ts";
import type { YamlDocument } from "../yaml/document.ts";
import { text } from "../yaml/located.ts";
import { isFluxKustomization, isResourceSet } from "./api.ts";
import { templatedObjects } from "./resourceSet.ts";
import { operatorRoots } from "./roots.ts";
import { appliedFrom, readSources, type Sources } from "./source.ts";
import { type FindConfigMap, hasVariable, substituted, variablesOf } from "./substitute.ts";

/**
 * A Flux Kustomization as the cluster gets it, patches of whoever applies it included. One that several clusters of a
 * repository share is there once for each.
 */
export interface FluxKustomization {
    object: KubernetesObject;
    /** Where what it applies is; undefined when that could not be found. */
    directory: string | undefined;
    /** What it applies; empty when that could not be found, or when Flux refuses to build it. */
    applies: KubernetesObject[];
    /** What its ResourceSets make. */
    templated: KubernetesObject[];
    /** Those among what it applies, itself or through ResourceSets, that are Kustomizations. */
    children: FluxKustomization[];
    appliedBy: FluxKustomization | undefined;
    /** What could not be read on the way to `applies`. Empty: `applies` is all of it. */
    unread: Unread[];
}

/** The Flux Kustomizations of a repository. */
export interface FluxTree {
    /** Those that a cluster gets, parents before children. */
    kustomizations: FluxKustomization[];
    /** Those that no root of the repository applies: archives, drafts, examples. */
    unapplied: KubernetesObject[];
}

/**
 * Finds what a cluster gets. Where a Kustomization applies itself, or a FluxInstance names a path, clusters start there;
 * where nothing says so, they start at every Kustomization that no other one applies.
 */
export function fluxKustomizations(repository: Repository): FluxTree {
    const objects = repository.files.flatMap(file => file.documents.flatMap(objectsOf));
    const written = objects.filter(isFluxKustomization);
    const operated = operatorRoots(repository.files);
    const reader: Reader = {
        repository,
        builder: kustomizeBuilder(repository),
        sources: readSources([...objects, ...operated]),
        configMaps: Map.groupBy(
            objects.filter(({ group, kind }) => group === "" && kind === "ConfigMap"),
            ({ name }) => name,
        ),
    };
    const kustomizations: FluxKustomization[] = [];
    const reached = new Set<YamlDocument>();
    const grow = (object: KubernetesObject) => {
        const tree = treeFrom(object, reader);
        kustomizations.push(...tree);
        for (const { object } of tree) reached.add(object.document);
    };
    const roots = [
        ...operated.filter(object => "directory" in appliedFrom(object, reader.sources, repository)),
        ...written.filter(object => appliesItself(object, reader)),
    ];
    if (roots.length === 0) {
        const applied = new Set(
            written.flatMap(object =>
                appliesOf(object, reader).objects.flatMap(({ document }) =>
                    document === object.document ? [] : document,
                ),
            ),
        );
        for (const object of written) if (!applied.has(object.document)) grow(object);
        // What is left is applied by something that nobody applies, in a circle.
        for (const object of written) if (!reached.has(object.document)) grow(object);
        return { kustomizations, unapplied: [] };
    }
    for (const object of roots) if (!isReached(object, kustomizations)) grow(object);
    const left = () => written.filter(({ document }) => !reached.has(document));
    const isPossible = possiblePlaces(kustomizations, reader);
    for (const object of left().filter(isPossible)) if (!reached.has(object.document)) grow(object);
    return { kustomizations, unapplied: left() };
}

/** A root that another root applies is judged as its child. */
function isReached(object: KubernetesObject, kustomizations: readonly FluxKustomization[]): boolean {
    return kustomizations.some(known => isSameDocument(known.object, object));
}

/** As `flux bootstrap` writes it: what applies the rest of a cluster is in the directory that it applies. */
function appliesItself(object: KubernetesObject, reader: Reader): boolean {
    const from = appliedFrom(object, reader.sources, reader.repository);
    if (!("directory" in from) || !isBelow(object.document.file.path, from.directory)) return false;
    return appliesOf(object, reader).objects.some(one => isSameDocument(one, object));
}

/** Whether a Kustomization may be applied by one whose path holds a variable that only the cluster knows. */
function possiblePlaces(kustomizations: readonly FluxKustomization[], { repository }: Reader) {
    const patterns = kustomizations
        .map(({ object }) => text(object.root, "spec", "path") ?? "")
        .filter(hasVariable)
        .map(path => path.replace(/^\.?\//, "").split(/\$\{[^}]*\}/))
        .map(parts => new RegExp(`^${parts.map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("[^/]*")}/`));
    return ({ document }: KubernetesObject) => {
        const path = relative(repository.top, document.file.path).split(sep).join("/");
        return patterns.some(pattern => pattern.test(path));
    };
}

/** What one Kustomization brings, level by level; each object once, so that circles and shared paths end. */
function treeFrom(object: KubernetesObject, reader: Reader): FluxKustomization[] {
    const plant = (object: KubernetesObject, appliedBy?: FluxKustomization): FluxKustomization => {
        const { objects, unread, directory } = appliesOf(object, reader, appliedBy);
        const templated = objects.filter(isResourceSet).flatMap(templatedObjects);
        return { object, directory, applies: objects, templated, children: [], appliedBy, unread };
    };
    const tree = [plant(object)];
    for (const node of tree) {
        for (const child of [...node.applies, ...node.templated].filter(isFluxKustomization)) {
            if (tree.some(({ object }) => isSameDocument(object, child))) continue;
            const grown = plant(child, node);
            node.children.push(grown);
            tree.push(grown);
        }
    }
    return tree;
}

/** The Kustomization and those that apply it, innermost first. */
export function ancestry(kustomization: FluxKustomization): FluxKustomization[] {
    const above: FluxKustomization[] = [];
    for (let next: FluxKustomization | undefined = kustomization; next; next = next.appliedBy) above.push(next);
    return above;
}

/** All that comes to the cluster by it: its own objects and those of the Kustomizations below it. */
export function appliesInAll(kustomization: FluxKustomization): KubernetesObject[] {
    const { applies, templated, children } = kustomization;
    return [...applies, ...templated, ...children.flatMap(appliesInAll)];
}

interface Reader {
    repository: Repository;
    builder: Builder;
    sources: Sources;
    configMaps: Map<string, KubernetesObject[]>;
}

function appliesOf(
    object: KubernetesObject,
    reader: Reader,
    appliedBy?: FluxKustomization,
): Build & { directory: string | undefined } {
    const { repository, builder, sources } = reader;
    const spec = object.root.entries.get("spec")?.value;
    if (spec?.type !== "map") return { objects: [], unread: [], directory: undefined };
    const place = spec.entries.get("path")?.key ?? spec.at;
    const from = appliedFrom(object, sources, repository);
    if ("unknown" in from) return { objects: [], unread: [{ at: place, message: from.unknown }], directory: undefined };
    const { directory } = from;
    const { objects, unread } = builder.build(directory, spec);
    const variables = variablesOf(object, configMapsFor(object, objects, appliedBy, reader));
    if (!variables) return { objects, unread, directory };
    try {
        return { objects: substituted(objects, variables), unread, directory };
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const message = `Flux refuses to build this, so nothing of it is applied: ${error.message}`;
        return { objects: [], unread: [...unread, { at: place, message }], directory };
    }
}

/** Clusters of a repository share names: a ConfigMap that the same root applies comes first, then the closest file. */
function configMapsFor(
    object: KubernetesObject,
    own: readonly KubernetesObject[],
    appliedBy: FluxKustomization | undefined,
    { configMaps }: Reader,
): FindConfigMap {
    return (name, namespace) => {
        const isWanted = (one: KubernetesObject) =>
            one.kind === "ConfigMap" && one.name === name && sameNamespace(one.namespace, namespace);
        const above = appliedBy ? ancestry(appliedBy) : [];
        for (const applies of [own, ...above.map(one => [...one.applies, ...one.children.flatMap(c => c.applies)])]) {
            const found = applies.find(isWanted);
            if (found) return found;
        }
        const shared = ({ document }: KubernetesObject) => sharedPath(document.file.path, object.document.file.path);
        return (configMaps.get(name) ?? []).filter(isWanted).sort((a, b) => shared(b) - shared(a))[0];
    };
}

/** How many parts of their paths two files share. */
function sharedPath(a: string, b: string): number {
    const others = b.split(sep);
    const parts = a.split(sep);
    const differs = parts.findIndex((part, position) => part !== others[position]);
    return differs < 0 ? parts.length : differs;
}

/** Several objects may share a document, in a `List`. */
function isSameDocument(a: KubernetesObject, b: KubernetesObject): boolean {
    return a.document === b.document && sameObject(a, b);
}
