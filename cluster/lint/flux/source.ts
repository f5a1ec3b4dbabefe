import { dirname, join, normalize } from "node:path";
import { type KubernetesObject, sameNamespace } from "../object.ts";
import type { Repository } from "../repository/repository.ts";
import { list, text } from "../yaml/located.ts";
import { group, isFluxKustomization } from "./api.ts";

/** Where what a Flux Kustomization applies is to be found: a directory of the repository, or the reason why none is. */
export type AppliedFrom = { directory: string } | { unknown: string };

/** The sources that a repository declares, and which of them is the repository itself. */
export interface Sources {
    declared: KubernetesObject[];
    /** Name of the source that most Kustomizations read; `flux-system`, as `flux bootstrap` has it, if one does. */
    own: string | undefined;
}

export function readSources(objects: readonly KubernetesObject[]): Sources {
    const uses = new Map<string, number>();
    for (const object of objects.filter(isFluxKustomization)) {
        const { name } = sourceOf(object);
        if (name) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
    const [most] = [...uses].sort(([, a], [, b]) => b - a)[0] ?? [];
    const declared = objects.filter(({ group: of }) => of === group.source || of === group.sourceExtensions);
    return { declared, own: uses.has("flux-system") ? "flux-system" : most };
}

function sourceOf({ root }: KubernetesObject) {
    return {
        kind: text(root, "spec", "sourceRef", "kind"),
        name: text(root, "spec", "sourceRef", "name"),
        namespace: text(root, "spec", "sourceRef", "namespace"),
    };
}

/** Finds the directory that `spec.path` means. */
export function appliedFrom(kustomization: KubernetesObject, sources: Sources, repository: Repository): AppliedFrom {
    const path = text(kustomization.root, "spec", "path") ?? ".";
    const { kind, name } = sourceOf(kustomization);
    const source = `${kind ?? "no source"}${name ? `/${name}` : ""}`;
    if (isForeign(kustomization, sources)) {
        return { unknown: `${path} is in another repository (${source}), so what it applies is unknown` };
    }
    const bases = ancestors(kustomization.document.file.path, repository);
    for (const written of [...generatedFrom(kustomization, sources.declared, path), path]) {
        for (const base of bases) {
            const directory = join(base, written);
            if (repository.isDirectory(directory)) return { directory: withoutTrailingSlash(directory) };
        }
    }
    const variable = /\$\{#?(\w+)/.exec(path)?.[1];
    if (variable) {
        return {
            unknown: `${path} holds the variable ${variable}, whose value no ConfigMap of the repository gives, so what it applies is unknown`,
        };
    }
    return { unknown: `${path} (of ${source}) is not a directory here, so what it applies is unknown` };
}

/**
 * Another GitRepository than the repository's own, with another URL; or the top of any other kind of source. A path
 * further down in an OCIRepository or Bucket is looked for here, since those are often pushed from the same repository.
 */
function isForeign(kustomization: KubernetesObject, { declared, own }: Sources): boolean {
    const { kind, name } = sourceOf(kustomization);
    if (name === undefined || name === own || kind === "ExternalArtifact") return false;
    const isTop = normalize(text(kustomization.root, "spec", "path") ?? ".").replace(/\/$/, "") === ".";
    if (kind !== "GitRepository") return isTop;
    const urlOf = (source: string | undefined) => {
        const found = declared.find(object => object.kind === "GitRepository" && object.name === source);
        return found && text(found.root, "spec", "url");
    };
    const used = urlOf(name);
    return used === undefined ? isTop : used !== urlOf(own);
}

/** Where an ArtifactGenerator copies the path of an ExternalArtifact from. */
function generatedFrom(kustomization: KubernetesObject, sources: readonly KubernetesObject[], path: string): string[] {
    const { kind, name, namespace = kustomization.namespace } = sourceOf(kustomization);
    if (kind !== "ExternalArtifact") return [];
    return sources
        .filter(source => source.kind === "ArtifactGenerator" && sameNamespace(source.namespace, namespace))
        .flatMap(generator => list(generator.root, "spec", "artifacts"))
        .filter(artifact => text(artifact, "name") === name)
        .flatMap(artifact => list(artifact, "copy"))
        .flatMap(copy => {
            const from = text(copy, "from")
                ?.replace(/^@[^/]*\//, "")
                .replace(/\/?\*\*.*$/, "");
            const to = normalize(text(copy, "to")?.replace(/^@artifact\/?/, "") || ".");
            const below = normalize(path);
            if (from === undefined) return [];
            if (to === "." || to === "./") return [join(from, below)];
            return `${below}/`.startsWith(`${withoutTrailingSlash(to)}/`) ? [join(from, below.slice(to.length))] : [];
        });
}

/** The directories above a file that are within the repository, outermost first. */
function ancestors(file: string, repository: Repository): string[] {
    const found: string[] = [];
    for (let next = dirname(file); repository.isDirectory(next) && dirname(next) !== next; next = dirname(next)) {
        found.unshift(next);
    }
    return found;
}

function withoutTrailingSlash(path: string): string {
    return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
