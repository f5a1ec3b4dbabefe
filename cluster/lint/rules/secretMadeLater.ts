import { dependentsIn } from "../flux/bootstrap.ts";
import { ancestry, type FluxKustomization } from "../flux/kustomization.ts";
import { generatedSecret } from "../flux/secrets.ts";
import type { Judgement, Rule } from "../judgement.ts";
import { type KubernetesObject, nameOf, sameObject } from "../object.ts";

/** A Secret that a Kustomization waits for, and that only something makes which waits for the Kustomization. */
export const secretMadeLater: Rule = ({ kustomizations, waiting }) => {
    const dependentsOf = dependentsIn(waiting);
    const makers = kustomizations.flatMap(by =>
        by.applies.flatMap(object => {
            const secret = generatedSecret(object);
            return secret ? [{ object, secret, by }] : [];
        }),
    );
    return waiting.waiters.flatMap((waiter): Judgement[] => {
        const { object, kustomization } = waiter;
        if (object !== kustomization.object) return [];
        const dependents = dependentsOf(kustomization);
        const waits = (by: FluxKustomization) => by !== kustomization && ancestry(by).some(one => dependents.has(one));
        return waiting.checks(waiter).flatMap(({ id, by, at }) => {
            if (id.kind !== "Secret" || id.group !== "") return [];
            const making = makers.filter(({ secret }) => sameObject(secret, id));
            const [first] = making;
            return first && making.every(maker => waits(maker.by)) ? [judge(object, first, by, at)] : [];
        });
    });
};

function judge(
    object: KubernetesObject,
    maker: { object: KubernetesObject; secret: Parameters<typeof nameOf>[0]; by: FluxKustomization },
    by: string,
    at: Judgement["at"],
): Judgement {
    const makes = nameOf(maker.by.object);
    return {
        rule: "secret-made-later",
        severity: "error",
        at,
        object: nameOf(object),
        message:
            `Waits for ${nameOf(maker.secret)} by ${by}. ${nameOf(maker.object)} makes it, and ${makes}, which applies ` +
            `that, waits for ${nameOf(object)}: in a new cluster neither becomes ready. Move ${nameOf(maker.object)} into ` +
            `a Kustomization that does not wait for ${nameOf(object)}.`,
        chain: [nameOf(object), nameOf(maker.secret), makes, nameOf(object)],
    };
}
