import { group, healthCheckExprs, healthChecks, isStore, waitsForAll } from "../flux/api.ts";
import type { FluxKustomization } from "../flux/kustomization.ts";
import type { AsksProvider } from "../flux/provider.ts";
import { waitPlace } from "../flux/readiness.ts";
import type { Judgement, Rule } from "../judgement.ts";
import { nameOf } from "../object.ts";

const why =
    "A store is ready only while its provider answers, so an outage or an expired token there fails the Kustomization " +
    "and all that depends on it, although every Secret is in place.";
const instead = "Check the Secrets that are generated, not the store.";

/** A ClusterSecretStore or SecretStore in `healthChecks` or `healthCheckExprs`. */
export const storeInHealthChecks: Rule = ({ kustomizations, asksProvider }) =>
    kustomizations.flatMap(kustomization => [
        ...inHealthChecks(kustomization, asksProvider),
        ...inHealthCheckExprs(kustomization, asksProvider),
    ]);

function inHealthChecks(kustomization: FluxKustomization, asksProvider: AsksProvider): Judgement[] {
    const { object } = kustomization;
    const isIgnored = waitsForAll(object);
    return healthChecks(object)
        .filter(({ id }) => isStore(id) && asksProvider(id))
        .map(({ id, entry }) => ({
            rule: "store-in-health-checks",
            severity: isIgnored ? "warning" : "error",
            at: entry.at,
            object: nameOf(object),
            message: isIgnored
                ? `healthChecks names ${nameOf(id)}. Flux ignores it while wait is true (line ${waitPlace(object).line}), ` +
                  `and would wait for it as soon as wait is not. ${instead}`
                : `healthChecks waits for ${nameOf(id)}. ${why} ${instead}`,
            chain: [nameOf(object), nameOf(id)],
            repair: { kustomization, change: { type: "drop", list: "healthChecks", entry } },
        }));
}

function inHealthCheckExprs(kustomization: FluxKustomization, asksProvider: AsksProvider): Judgement[] {
    const { object, applies } = kustomization;
    const checked = healthChecks(object);
    const acts = waitsForAll(object) || checked.length > 0;
    return healthCheckExprs(object).flatMap(({ group: of, kind, isConstant, entry }): Judgement[] => {
        if (of !== group.externalSecrets || isConstant) return [];
        // Without a kind it speaks for stores only where the Kustomization has one to judge.
        const stores = [...applies, ...checked.map(({ id }) => id)].filter(
            id => isStore(id) && (kind === undefined || kind === id.kind),
        );
        if (kind === undefined ? stores.length === 0 : !isStore({ group: of, kind })) return [];
        if (stores.length > 0 && !stores.some(asksProvider)) return [];
        const named = kind ?? `every kind of ${of}, its stores among them,`;
        return [
            {
                rule: "store-in-health-checks",
                severity: acts ? "error" : "warning",
                at: entry.at,
                object: nameOf(object),
                message: acts
                    ? `healthCheckExprs judges ${named} by an expression on its live status. ${why} ${instead}`
                    : `healthCheckExprs judges ${named}, but acts on nothing: it needs wait or healthChecks. With either ` +
                      `it would wait for the provider. ${instead}`,
                chain: [nameOf(object), kind ?? of],
                repair: kind ? { kustomization, change: { type: "drop", list: "healthCheckExprs", entry } } : undefined,
            },
        ];
    });
}
