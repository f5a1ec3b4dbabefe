import { isFluxKustomization, isStore, isSynced } from "../flux/api.ts";
import { isWork } from "../flux/bootstrap.ts";
import { appliesInAll, type FluxKustomization } from "../flux/kustomization.ts";
import { generatedSecret, readsSecret, usesStore } from "../flux/secrets.ts";
import type { WaitChain, Waiter } from "../flux/waiting.ts";
import type { Judgement, Rule } from "../judgement.ts";
import { type KubernetesObject, nameOf, type ObjectId, sameObject } from "../object.ts";

/**
 * A chain of `dependsOn` by which something that needs no secret of a provider waits for that provider: an error when
 * it ends at a store; a warning when it ends at ExternalSecrets, which fail only once they are due to sync.
 */
export const workloadWaitsForStore: Rule = ({ waiting, kustomizations }) => {
    const everything = kustomizations.flatMap(({ applies }) => applies);
    return waiting.waiters.filter(hasWork).flatMap(waiter => {
        const chains = waiting
            .chains(waiter, id => isStore(id) || isSynced(id))
            .filter(({ check }) => !needs(waiter, check.id, everything));
        const toStores = chains.filter(({ check }) => isStore(check.id));
        if (toStores.length > 0) return toStores.map(chain => judge(waiter, [chain]));
        return [...Map.groupBy(chains, ({ path }) => path.at(-1)).values()].map(alike => judge(waiter, alike));
    });
};

/** `chains` differ in what is checked only. */
function judge(waiter: Waiter, chains: readonly WaitChain[]): Judgement {
    const { path, check, at } = chains[0] as WaitChain;
    const last = nameOf((path.at(-1) as Waiter).object);
    const below = isFluxKustomization(waiter.object) ? countBelow(waiter.kustomization) : 0;
    const alsoWaiting = below > 0 ? `, and with it the ${below} Kustomizations it applies,` : "";
    const checked = chains.map(({ check }) => nameOf(check.id)).join(", ");
    const live = isStore(check.id) ? "to be validated live against its provider" : "to sync with its provider";
    return {
        rule: "workload-waits-for-store",
        severity: isStore(check.id) ? "error" : "warning",
        at,
        object: nameOf(waiter.object),
        message:
            `${nameOf(waiter.object)}${alsoWaiting} waits for ${checked} ${live}: ${last} checks it by ${check.by}. ` +
            `Nothing in it needs a secret from there. Depend on something that does not check it, or take the check out of ${last}.`,
        chain: [...path.map(({ object }) => nameOf(object)), nameOf(check.id)],
    };
}

/** Whether something would be missing if it waited; unknown counts as yes. */
function hasWork({ object, kustomization }: Waiter): boolean {
    if (!isFluxKustomization(object)) return true;
    const all = appliesInAll(kustomization);
    if (all.length === 0) return true;
    return all.some(isWork);
}

/** Whether the waiter uses the store, or reads a Secret that comes through it: then it waits for what it needs. */
function needs({ object, kustomization }: Waiter, checked: ObjectId, everything: readonly KubernetesObject[]): boolean {
    const isWhole = isFluxKustomization(object);
    const own = isWhole ? [object, ...appliesInAll(kustomization)] : [object];
    if (isStore(checked) && isWhole && own.some(one => usesStore(one, checked))) return true;
    const makers = everything.filter(one => (isStore(checked) ? usesStore(one, checked) : sameObject(one, checked)));
    return makers.some(maker => {
        const secret = generatedSecret(maker);
        return secret && own.some(one => readsSecret(one, secret));
    });
}

function countBelow({ children }: FluxKustomization): number {
    return children.reduce((sum, child) => sum + 1 + countBelow(child), 0);
}
