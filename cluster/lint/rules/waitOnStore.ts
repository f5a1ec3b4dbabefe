import type { ReadyKind } from "../fix/healthCheck.ts";
import { group, isFluxKustomization, isHelmRelease, isStore, waitsForAll } from "../flux/api.ts";
import type { Rule } from "../judgement.ts";
import { type KubernetesObject, nameOf, type ObjectId, sameObject } from "../object.ts";
import { text } from "../yaml/located.ts";

/** `wait: true` on a Kustomization whose objects include a store. */
export const waitOnStore: Rule = ({ waiting, asksProvider }) =>
    waiting.waiters.flatMap(waiter => {
        const { object, kustomization } = waiter;
        const stores = waiting.checks(waiter).filter(({ id }) => isStore(id) && asksProvider(id));
        const isWaiting = isHelmRelease(object) || waitsForAll(object);
        const first = stores[0];
        if (!isWaiting || !first) return [];
        const names = stores.map(({ id }) => nameOf(id)).join(", ");
        const kinds = readyKinds(
            stores.map(({ id }) => id),
            kustomization.applies,
        );
        return [
            {
                rule: "wait-on-store",
                severity: "error",
                at: first.at,
                object: nameOf(object),
                message:
                    `Waits for ${names} by ${first.by}. A store is ready only while its provider answers, so an outage ` +
                    "there fails this and all that depends on it, although every Secret is in place. " +
                    (isHelmRelease(object)
                        ? 'Apply the store from a Kustomization that does not wait, or take it as ready by a healthCheckExprs entry with current: "true".'
                        : 'Take stores as ready by a healthCheckExprs entry with current: "true", or move them into a Kustomization that does not wait.'),
                chain: [nameOf(object), nameOf(first.id)],
                repair: isFluxKustomization(object)
                    ? { kustomization, change: { type: "take-as-ready", kinds } }
                    : "The chart decides what Helm waits for.",
            },
        ];
    });

/** Each kind once, in the version that the repository writes. */
function readyKinds(stores: readonly ObjectId[], applies: readonly KubernetesObject[]): ReadyKind[] {
    const kinds = new Map<string, ReadyKind>();
    for (const store of stores) {
        const written = applies.find(object => sameObject(object, store));
        const apiVersion = text(written?.root, "apiVersion") ?? `${group.externalSecrets}/v1`;
        kinds.set(store.kind, { apiVersion, kind: store.kind });
    }
    return [...kinds.values()];
}
