import { checksInsteadOfWait } from "../fix/healthCheck.ts";
import { isFluxKustomization, isHelmRelease, isStore, waitsForAll } from "../flux/api.ts";
import type { Rule } from "../judgement.ts";
import { nameOf } from "../object.ts";

/** `wait: true` on a Kustomization whose objects include a store. */
export const waitOnStore: Rule = ({ waiting }) =>
    waiting.waiters.flatMap(waiter => {
        const { object, kustomization } = waiter;
        const stores = waiting.checks(waiter).filter(({ id }) => isStore(id));
        const isWaiting = isHelmRelease(object) || (isFluxKustomization(object) && waitsForAll(object));
        const first = stores[0];
        if (!isWaiting || !first) return [];
        const names = stores.map(({ id }) => nameOf(id)).join(", ");
        const checks = kustomization.unread.length === 0 ? checksInsteadOfWait(kustomization.applies) : undefined;
        const isFixable = isFluxKustomization(object) && checks;
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
                        : "Move the store into a Kustomization that does not wait, or name in healthChecks what to wait for."),
                chain: [nameOf(object), nameOf(first.id)],
                repair: isFixable ? { kustomization, change: { type: "replace-wait", checks } } : undefined,
            },
        ];
    });
