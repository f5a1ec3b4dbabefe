import { type KubernetesObject, markOf } from "../object.ts";
import { text } from "../yaml/located.ts";
import { group, isFluxKustomization } from "./api.ts";
import type { FluxKustomization } from "./kustomization.ts";
import type { Waiting } from "./waiting.ts";

/** Label or annotation, on a Kustomization, by which a repository says itself what is bootstrap: `"true"` or `"false"`. */
export const bootstrapMark = "clearpath/bootstrap";

/**
 * Whether a Kustomization is declared to be part of the bootstrap: by the mark, by the caller, or by `bootstrap` as a
 * word of its name or path. Undefined when nothing says so; the mark `"false"` overrules the rest.
 */
export function isDeclaredBootstrap({ object }: FluxKustomization, names: readonly string[]): boolean | undefined {
    const mark = markOf(object, bootstrapMark);
    if (mark === "true" || mark === "false") return mark === "true";
    const isNamed = names.includes(object.name) || names.includes(`${object.namespace}/${object.name}`);
    const words = `${object.name}/${text(object.root, "spec", "path") ?? ""}`.split(/[^a-z0-9]+/i);
    return isNamed || words.includes("bootstrap") || undefined;
}

/** For each Kustomization those that depend on it, directly or through others. */
export function dependentsIn(waiting: Waiting): (kustomization: FluxKustomization) => ReadonlySet<FluxKustomization> {
    const direct = new Map<FluxKustomization, FluxKustomization[]>();
    for (const waiter of waiting.waiters.filter(({ object }) => isFluxKustomization(object))) {
        for (const { waiter: dependency } of waiting.dependsOn(waiter)) {
            const known = direct.get(dependency.kustomization) ?? [];
            direct.set(dependency.kustomization, [...known, waiter.kustomization]);
        }
    }
    return kustomization => {
        const found = new Set<FluxKustomization>();
        const pending = [...(direct.get(kustomization) ?? [])];
        for (let next = pending.pop(); next; next = pending.pop()) {
            if (found.has(next)) continue;
            found.add(next);
            pending.push(...(direct.get(next) ?? []));
        }
        return found;
    };
}

/** Something that is there for more than secrets. */
export function isWork(object: KubernetesObject): boolean {
    return !object.group.endsWith(group.externalSecrets) && object.kind !== "Namespace" && !isFluxKustomization(object);
}
