import { isFluxKustomization, isStore, isSynced } from "../flux/api.ts";
import { isWork } from "../flux/bootstrap.ts";
import { appliesInAll, type FluxKustomization } from "../flux/kustomization.ts";
import { generatedSecret, readsSecret, usesStore } from "../flux/secrets.ts";
import type { WaitChain, Waiter } from "../flux/waiting.ts";
import type { Judgement, Rule } from "../judgement.ts";
import { type KubernetesObject, nameOf, type ObjectId, sameObject } from "../object.ts";

/**
 * A chain of `dependsOn` by which something that needs no secret of a provider waits for that provider: an error when
 * it ends at a store; a warning when it ends at ExternalSecrets, which fail only once they are due to sync. One finding
 * for each Kustomization or HelmRelease that makes the check, at the first that waits for it, with the others listed.
 */
export const workloadWaitsForStore: Rule = ({ repository, waiting, kustomizations, asksProvider }) => {
    const everything = kustomizations.flatMap(({ applies, templated }) => [...applies, ...templated]);
    const waits = waiting.waiters.filter(hasWork).flatMap(waiter => {
        const chains = waiting
            .chains(waiter, id => (isStore(id) || isSynced(id)) && asksProvider(id))
            .filter(({ check }) => !needs(waiter, check.id, everything));
        const toStores = chains.filter(({ check }) => isStore(check.id));
        const causes = new Set(toStores.map(({ path }) => path.at(-1)));
        // To take the check of a store away, somebody has to look at what checks it, and sees the rest there.
        const toSynced = chains.filter(({ check, path }) => !isStore(check.id) && !causes.has(path.at(-1)));
        return [toStores, toSynced].flatMap(alike => [...Map.groupBy(alike, ({ path }) => path.at(-1)).values()]);
    });
    // What the caller did not ask about is neither reported nor listed.
    const asked = waits.filter(([chain]) => chain && repository.covers(chain.at.document.file.path));
    const byCause = Map.groupBy(
        asked,
        ([chain]) => `${isStore((chain as WaitChain).check.id)} ${causeOf(chain as WaitChain)}`,
    );
    return [...byCause.values()].map(judge);
};

/** What makes the check: one object, wherever clusters that share its file apply it. */
function causeOf({ path }: WaitChain): string {
    const { object } = path.at(-1) as Waiter;
    return `${object.document.file.path} ${object.document.index} ${nameOf(object)}`;
}

/** Each entry is one waiter's chains to the same cause, which differ in what is checked only. */
function judge(waits: readonly WaitChain[][]): Judgement {
    const [chains = [], ...others] = waits.toSorted(
        ([a], [b]) => (a as WaitChain).path.length - (b as WaitChain).path.length,
    );
    const { path, check, at } = chains[0] as WaitChain;
    const waiter = path[0] as Waiter;
    const last = nameOf((path.at(-1) as Waiter).object);
    const below = isFluxKustomization(waiter.object) ? countBelow(waiter.kustomization) : 0;
    const alsoWaiting = below > 0 ? `, and with it the ${below} Kustomizations it applies,` : "";
    const checked = chains.map(({ check }) => nameOf(check.id)).join(", ");
    const live = isStore(check.id) ? "to be validated live against its provider" : "to sync with its provider";
    const makes = path.length > 1 ? `${last} checks it by ${check.by}` : `it names it in ${check.by}`;
    return {
        rule: "workload-waits-for-store",
        severity: isStore(check.id) ? "error" : "warning",
        at,
        object: nameOf(waiter.object),
        message:
            `${nameOf(waiter.object)}${alsoWaiting} waits for ${checked} ${live}: ${makes}. ` +
            `Nothing in it needs a secret from there. Depend on something that does not check it, or take the check out of ${last}.`,
        chain: chainOf(chains[0] as WaitChain),
        waiters: others.flatMap(([chain]) =>
            chain ? [{ at: chain.at, object: nameOf((chain.path[0] as Waiter).object), chain: chainOf(chain) }] : [],
        ),
        repair: "Whether it may start without what it depends on is for its author to say.",
    };
}

function chainOf({ path, check }: WaitChain): string[] {
    return [...path.map(({ object }) => nameOf(object)), nameOf(check.id)];
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
