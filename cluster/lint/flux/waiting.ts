import { type KubernetesObject, type ObjectId, sameObject } from "../object.ts";
import type { Place } from "../yaml/document.ts";
import { dependencies, isFluxKustomization, isHelmRelease, isResourceSet, isWaiter } from "./api.ts";
import { ancestry, type FluxKustomization } from "./kustomization.ts";
import { type Check, readinessChecks } from "./readiness.ts";
import { templatedObjects } from "./resourceSet.ts";

/** A Flux object that waits and is waited for: a Kustomization, or a HelmRelease within one. */
export interface Waiter {
    object: KubernetesObject;
    /** The Kustomization itself, or the one that applies the HelmRelease. */
    kustomization: FluxKustomization;
}

/** A way by which one object waits for a check of another. */
export interface WaitChain {
    /** From the one that waits to the one that makes the check. */
    path: Waiter[];
    check: Check;
    /** The entry of `dependsOn` that the chain starts with. */
    at: Place;
}

/** Who waits for whom in a repository. */
export interface Waiting {
    waiters: Waiter[];
    /** What must be ready before the waiter is, dependencies left out. */
    checks(waiter: Waiter): Check[];
    /** The waiters that it names in `dependsOn` and that are in the repository. */
    dependsOn(waiter: Waiter): { waiter: Waiter; at: Place }[];
    /** Shortest ways from its dependencies to each check of the wanted kind, one for each object checked. */
    chains(waiter: Waiter, wanted: (id: ObjectId) => boolean): WaitChain[];
}

export function waitingIn(kustomizations: readonly FluxKustomization[]): Waiting {
    const waiters = kustomizations.flatMap(kustomization => [
        { object: kustomization.object, kustomization },
        ...[...kustomization.applies, ...kustomization.templated]
            .filter(object => isHelmRelease(object) || isResourceSet(object))
            .map(object => ({ object, kustomization })),
    ]);
    const byName = Map.groupBy(waiters, ({ object }) => object.name);
    const find = (id: ObjectId, from: Waiter): Waiter | undefined => {
        const fitting = (byName.get(id.name) ?? []).filter(({ object }) => sameObject(object, id));
        return nearest(fitting, from);
    };
    const known = new Map<Waiter, Check[]>();
    const checks = (waiter: Waiter) => {
        const { object, kustomization } = waiter;
        const found = known.get(waiter) ?? readinessChecks(object, appliedBy(object, kustomization));
        known.set(waiter, found);
        return found;
    };

    const dependsOn = (waiter: Waiter) =>
        dependencies(waiter.object).flatMap(({ id, entry }) => {
            const found = isWaiter(id) ? find(id, waiter) : undefined;
            return found && found !== waiter ? [{ waiter: found, at: entry.at }] : [];
        });

    /** What must be ready before the waiter is, or, for one that has yet to be applied, before it is there at all. */
    const next = (waiter: Waiter, start: Waiter): Waiter[][] => {
        const checked = checks(waiter).flatMap(({ id }) => {
            const found = isWaiter(id) ? find(id, waiter) : undefined;
            return found ? [[found]] : [];
        });
        const shared = ancestry(start.kustomization);
        const above = ancestry(waiter.kustomization).filter(
            one => one.object !== waiter.object && !shared.includes(one),
        );
        const byParents = above.flatMap(parent => {
            const parentWaiter = waiters.find(({ object }) => object === parent.object) as Waiter;
            return dependsOn(parentWaiter).map(dependency => [parentWaiter, dependency.waiter]);
        });
        return [...dependsOn(waiter).map(dependency => [dependency.waiter]), ...checked, ...byParents];
    };

    const chains = (start: Waiter, wanted: (id: ObjectId) => boolean): WaitChain[] => {
        const found: WaitChain[] = [];
        const seen = new Set<Waiter>([start]);
        // A ResourceSet names in dependsOn what its own start waits for; of others, what they wait for is their own affair.
        const own = isResourceSet(start.object) ? checks(start).filter(({ by }) => by === "dependsOn with ready") : [];
        for (const check of own) if (wanted(check.id)) found.push({ path: [start], check, at: check.at });
        const queue = dependsOn(start).map(({ waiter, at }) => ({ path: [start, waiter], at }));
        for (const { path, at } of queue) {
            const waiter = path.at(-1) as Waiter;
            if (seen.has(waiter)) continue;
            seen.add(waiter);
            for (const check of checks(waiter)) {
                const isNew = !found.some(known => sameObject(known.check.id, check.id));
                if (wanted(check.id) && isNew) found.push({ path, check, at });
            }
            queue.push(...next(waiter, start).map(more => ({ path: [...path, ...more], at })));
        }
        return found;
    };
    return { waiters, checks, dependsOn, chains };
}

/** What the object itself brings to the cluster, readiness of which its own may include. */
function appliedBy(object: KubernetesObject, kustomization: FluxKustomization): readonly KubernetesObject[] {
    if (isFluxKustomization(object)) return kustomization.applies;
    return isResourceSet(object) ? templatedObjects(object) : [];
}

/**
 * The one that is meant where clusters of a repository share names: of what the same root applies, or else in the
 * directory closest to the one that refers to it.
 */
function nearest(candidates: readonly Waiter[], from: Waiter): Waiter | undefined {
    const root = ancestry(from.kustomization).at(-1);
    const closeness = ({ object, kustomization }: Waiter) => {
        const here = object.document.file.path.split("/");
        const there = from.object.document.file.path.split("/");
        const shared = here.findIndex((part, position) => part !== there[position]);
        return (ancestry(kustomization).at(-1) === root ? 10_000 : 0) + (shared < 0 ? here.length : shared);
    };
    let best: Waiter | undefined;
    for (const candidate of candidates) if (!best || closeness(candidate) > closeness(best)) best = candidate;
    return best;
}
