import { groupOf, type KubernetesObject, markOf, type ObjectId } from "../object.ts";
import type { Located, Place } from "../yaml/document.ts";
import { at, children, isTrue, list, text } from "../yaml/located.ts";
import {
    dependencies,
    healthCheckExprs,
    healthChecks,
    isFluxKustomization,
    isHelmRelease,
    isResourceSet,
    isStore,
    isSynced,
    isWaiter,
    waitsForAll,
} from "./api.ts";

/** Something whose readiness another object's readiness includes. */
export interface Check {
    id: ObjectId;
    /** What makes it so: `wait: true`, `healthChecks`, or a chart that Helm waits for. */
    by: string;
    at: Place;
}

/**
 * What must be ready before a Flux Kustomization or HelmRelease is, dependencies left out.
 *
 * As kustomize-controller does it (`checkHealth`): with `wait` everything applied, whatever `healthChecks` says; without
 * it only `healthChecks`; objects that Flux is told not to apply are not checked.
 */
export function readinessChecks(object: KubernetesObject, applies: readonly KubernetesObject[]): Check[] {
    if (isHelmRelease(object)) return chartChecks(object);
    if (isResourceSet(object)) return resourceSetChecks(object, applies);
    if (!isFluxKustomization(object)) return [];
    const checks = waitsForAll(object)
        ? applies.filter(isApplied).map(id => ({ id, by: "wait: true", at: waitPlace(object) }))
        : healthChecks(object).map(({ id, entry }) => ({ id, by: "healthChecks", at: entry.at }));
    return [...checks.filter(({ id }) => !isNeverJudged(object, id)), ...substituteSecrets(object)];
}

/** Secrets whose values are substituted: without one that is not optional, Flux builds nothing. */
function substituteSecrets(object: KubernetesObject): Check[] {
    return list(object.root, "spec", "postBuild", "substituteFrom").flatMap(entry => {
        const name = text(entry, "name");
        if (text(entry, "kind") !== "Secret" || !name || isTrue(entry, "optional")) return [];
        const id = { group: "", kind: "Secret", namespace: object.namespace, name };
        return [{ id, by: "substituteFrom", at: entry.at }];
    });
}

/** What a ResourceSet waits for: objects that `dependsOn` wants ready and, with `wait: true`, all that it makes. */
function resourceSetChecks(object: KubernetesObject, makes: readonly KubernetesObject[]): Check[] {
    const before = dependencies(object)
        .filter(({ id }) => !isWaiter(id))
        .map(({ id, entry }) => ({ id, by: "dependsOn with ready", at: entry.at }));
    if (!waitsForAll(object)) return before;
    return [...before, ...makes.map(id => ({ id, by: "wait: true", at: waitPlace(object) }))];
}

/** Where `wait` is written, in the object itself or in a patch. */
export function waitPlace(object: KubernetesObject): Place {
    const spec = at(object.root, "spec");
    return (spec?.type === "map" ? spec.entries.get("wait")?.key : undefined) ?? object.root.at;
}

function isApplied(object: KubernetesObject): boolean {
    const ssa = markOf(object, "kustomize.toolkit.fluxcd.io/ssa")?.toLowerCase();
    return ssa !== "ignore" && markOf(object, "kustomize.toolkit.fluxcd.io/reconcile") !== "disabled";
}

/** A `current: "true"` for a kind takes every object of it as ready. An entry with the kind precedes one without. */
function isNeverJudged(object: KubernetesObject, id: ObjectId): boolean {
    const fitting = healthCheckExprs(object).filter(expr => expr.group === id.group);
    const rule = fitting.find(({ kind }) => kind === id.kind) ?? fitting.find(({ kind }) => kind === undefined);
    return rule?.isConstant ?? false;
}

/**
 * Stores, and what syncs through them, given to a chart as values (`extraObjects` and the like). Helm waits for them with the strategy `poller`, the
 * default since helm-controller builds on Helm 4.
 */
function chartChecks(release: KubernetesObject): Check[] {
    const values = at(release.root, "spec", "values");
    const waits = !isTrue(release.root, "spec", "install", "disableWait");
    if (!values || !waits || text(release.root, "spec", "waitStrategy", "name") === "legacy") return [];
    const found: Check[] = [];
    const seen = new Set<Located>();
    const pending = [values];
    for (let next = pending.pop(); next; next = pending.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        pending.push(...children(next));
        const id: ObjectId = {
            group: groupOf(text(next, "apiVersion")),
            kind: text(next, "kind") ?? "",
            namespace: text(next, "metadata", "namespace"),
            name: text(next, "metadata", "name") ?? "",
        };
        if ((isStore(id) || isSynced(id)) && id.name !== "" && !isNeverJudged(release, id))
            found.push({ id, by: "Helm, which waits for what the chart makes", at: next.at });
    }
    return found;
}
