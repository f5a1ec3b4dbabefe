import { applyChanges, type Builder, includeComponent, kustomizeBuilder, type Unread } from "../kustomize/build.ts";
import { type KubernetesObject, objectsOf, sameObject } from "../object.ts";
import type { Repository } from "../repository.ts";
import type { YamlDocument } from "../yaml/document.ts";
import { list } from "../yaml/located.ts";
import { isFluxKustomization } from "./api.ts";
import { appliedFrom, readSources, type Sources } from "./source.ts";
import { substituted } from "./substitute.ts";

/**
 * A Flux Kustomization as the cluster gets it, patches of whoever applies it included. One that several clusters of a
 * repository share is there once for each.
 */
export interface FluxKustomization {
    object: KubernetesObject;
    /** What it applies; empty when that could not be found. */
    applies: KubernetesObject[];
    /** Those among what it applies that are Kustomizations. */
    children: FluxKustomization[];
    appliedBy: FluxKustomization | undefined;
    /** What could not be read on the way to `applies`. Empty: `applies` is all of it. */
    unread: Unread[];
}

/** Every Flux Kustomization of a repository, parents before children. */
export function fluxKustomizations(repository: Repository): FluxKustomization[] {
    const objects = repository.files.flatMap(file => file.documents.flatMap(objectsOf));
    const reader: Reader = {
        repository,
        builder: kustomizeBuilder(repository),
        sources: readSources(objects),
    };
    const written = objects.filter(isFluxKustomization);
    const applied = new Set(
        written.flatMap(object =>
            appliesOf(object, reader).objects.flatMap(({ document }) => (document === object.document ? [] : document)),
        ),
    );
    const found: FluxKustomization[] = [];
    const reached = new Set<YamlDocument>();
    const grow = (object: KubernetesObject) => {
        const tree = treeFrom(object, reader);
        found.push(...tree);
        for (const { object } of tree) reached.add(object.document);
    };
    for (const object of written) if (!applied.has(object.document)) grow(object);
    // What is left is applied by something that nobody applies, in a circle.
    for (const object of written) if (!reached.has(object.document)) grow(object);
    return found;
}

/** What one Kustomization brings, level by level; each object once, so that circles and shared paths end. */
function treeFrom(object: KubernetesObject, reader: Reader): FluxKustomization[] {
    const plant = (object: KubernetesObject, appliedBy?: FluxKustomization): FluxKustomization => {
        const { objects, unread } = appliesOf(object, reader);
        return { object, applies: objects, children: [], appliedBy, unread };
    };
    const tree = [plant(object)];
    for (const node of tree) {
        for (const child of node.applies.filter(isFluxKustomization)) {
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
    return [...kustomization.applies, ...kustomization.children.flatMap(appliesInAll)];
}

interface Reader {
    repository: Repository;
    builder: Builder;
    sources: Sources;
}

function appliesOf(object: KubernetesObject, { repository, builder, sources }: Reader) {
    const spec = object.root.entries.get("spec")?.value;
    if (spec?.type !== "map") return { objects: [], unread: [] };
    const from = appliedFrom(object, sources, repository);
    if ("unknown" in from) {
        const place = spec.entries.get("path")?.key ?? spec.at;
        return { objects: [], unread: [{ at: place, message: from.unknown }] };
    }
    const base = builder.build(from.directory);
    let { objects } = base;
    const unread = [...base.unread];
    for (const entry of list(spec, "components")) {
        const added = includeComponent(objects, entry, from.directory, builder);
        objects = added.objects;
        unread.push(...added.unread);
    }
    const changed = applyChanges(objects, spec, from.directory, repository);
    return { objects: substituted(changed.objects, spec), unread: [...unread, ...changed.unread] };
}

/** Several objects may share a document, in a `List`. */
function isSameDocument(a: KubernetesObject, b: KubernetesObject): boolean {
    return a.document === b.document && sameObject(a, b);
}
