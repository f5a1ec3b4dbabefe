import { checksInsteadOfWait, secretCheck } from "../fix/healthCheck.ts";
import { isFluxKustomization, waitsForAll } from "../flux/api.ts";
import { dependentsIn, isDeclaredBootstrap, isWork } from "../flux/bootstrap.ts";
import type { FluxKustomization } from "../flux/kustomization.ts";
import { readinessChecks } from "../flux/readiness.ts";
import { generatedSecret, readsSecret } from "../flux/secrets.ts";
import type { Judgement, Repair, Rule } from "../judgement.ts";
import { type KubernetesObject, nameOf, type ObjectId, sameObject } from "../object.ts";

/**
 * An ExternalSecret that others need at bootstrap, without a check of the Secret that it makes. Bootstrap is what is
 * declared so, and what another Kustomization depends on for a Secret.
 */
export const generatedSecretUnchecked: Rule = ({ kustomizations, waiting, asksProvider, bootstrap }) => {
    const dependentsOf = dependentsIn(waiting);
    return kustomizations.flatMap(kustomization => {
        const declared = isDeclaredBootstrap(kustomization, bootstrap);
        if (declared === false) return [];
        const dependents = [...dependentsOf(kustomization)];
        return kustomization.applies.flatMap(object => {
            const secret = generatedSecret(object);
            if (!secret || !(declared || isNeeded(secret, kustomization, dependents))) return [];
            if ([kustomization, ...dependents].some(one => isChecked(secret, one))) return [];
            // What no provider outside can fail may be waited for as it is.
            if (waitsForAll(kustomization.object) && !asksProvider(object)) return [];
            return [judge(object, secret, kustomization, declared === true)];
        });
    });
};

/** Others depend on the Kustomization and read its Secret; or it has nothing else that they could depend on it for. */
function isNeeded(secret: ObjectId, { applies }: FluxKustomization, dependents: FluxKustomization[]): boolean {
    if (dependents.length === 0) return false;
    const isRead = ({ object, applies }: FluxKustomization) =>
        [object, ...applies].some(one => readsSecret(one, secret));
    return dependents.some(isRead) || !applies.some(isWork);
}

/** The Secret itself is checked, or something that reads it and cannot become ready without it. */
function isChecked(secret: ObjectId, { object, applies }: FluxKustomization): boolean {
    const checked = readinessChecks(object, applies).map(({ id }) => id);
    if (checked.some(id => sameObject(id, secret))) return true;
    return applies.some(
        one =>
            isWork(one) &&
            readsSecret(one, secret) &&
            checked.some(id => !isFluxKustomization(id) && sameObject(id, one)),
    );
}

function judge(
    externalSecret: KubernetesObject,
    secret: ObjectId,
    kustomization: FluxKustomization,
    isDeclared: boolean,
): Judgement {
    const { object } = kustomization;
    const isWaiting = waitsForAll(object);
    return {
        rule: "generated-secret-unchecked",
        severity: isDeclared ? "error" : "warning",
        at: { document: externalSecret.document, line: externalSecret.line },
        object: nameOf(externalSecret),
        message: isWaiting
            ? `${nameOf(object)} waits for this ExternalSecret's last sync (wait: true), which fails with its provider even ` +
              `while ${nameOf(secret)} is there. Replace wait by healthChecks that name the Secret.`
            : `${nameOf(object)} is ready before ${nameOf(secret)} is there, so what depends on it starts without it. ` +
              "Name the Secret in its healthChecks.",
        chain: [nameOf(object), nameOf(secret)],
        repair: repairOf(kustomization, secret, isDeclared),
    };
}

/** Waiting for less than was asked for is done only where the repository says that this is bootstrap. */
function repairOf(kustomization: FluxKustomization, secret: ObjectId, isDeclared: boolean): Repair | undefined {
    if (waitsForAll(kustomization.object)) {
        const isKnown = isDeclared && kustomization.unread.length === 0;
        const checks = isKnown ? checksInsteadOfWait(kustomization.applies) : undefined;
        return checks && { kustomization, change: { type: "replace-wait", checks } };
    }
    const check = secretCheck(secret);
    return check && { kustomization, change: { type: "add-check", check } };
}
