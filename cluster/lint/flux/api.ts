import { groupOf, type KubernetesObject, type ObjectId } from "../object.ts";
import type { Located } from "../yaml/document.ts";
import { isTrue, list, text } from "../yaml/located.ts";

/** The API groups of Flux and of the External Secrets Operator, in every version. */
export const group = {
    kustomize: "kustomize.toolkit.fluxcd.io",
    helm: "helm.toolkit.fluxcd.io",
    source: "source.toolkit.fluxcd.io",
    sourceExtensions: "source.extensions.fluxcd.io",
    externalSecrets: "external-secrets.io",
    /** Flux Operator's: FluxInstance, ResourceSet. */
    operator: "fluxcd.controlplane.io",
} as const;

export function isFluxKustomization(id: Pick<ObjectId, "group" | "kind">): boolean {
    return id.group === group.kustomize && id.kind === "Kustomization";
}

export function isHelmRelease(id: Pick<ObjectId, "group" | "kind">): boolean {
    return id.group === group.helm && id.kind === "HelmRelease";
}

/** Flux Operator's template of objects, one set for each input. */
export function isResourceSet(id: Pick<ObjectId, "group" | "kind">): boolean {
    return id.group === group.operator && id.kind === "ResourceSet";
}

/** A store is ready only while the operator can talk to the provider behind it: that is live validation. */
export function isStore(id: Pick<ObjectId, "group" | "kind">): boolean {
    return id.group === group.externalSecrets && (id.kind === "ClusterSecretStore" || id.kind === "SecretStore");
}

/** Ready after its last sync with the provider, and not ready as soon as one fails, though the Secret it made stays. */
export function isSynced(id: Pick<ObjectId, "group" | "kind">): boolean {
    const kinds = ["ExternalSecret", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret"];
    return id.group === group.externalSecrets && kinds.includes(id.kind);
}

/** The entries of `spec.healthChecks`. */
export function healthChecks(kustomization: KubernetesObject) {
    return healthChecksIn(kustomization.root);
}

/** As `healthChecks`, of a Kustomization's text alone. */
export function healthChecksIn(root: Located | undefined) {
    return list(root, "spec", "healthChecks").flatMap(entry => {
        const kind = text(entry, "kind");
        const name = text(entry, "name");
        if (!kind || !name) return [];
        const id: ObjectId = {
            group: groupOf(text(entry, "apiVersion")),
            kind,
            namespace: text(entry, "namespace"),
            name,
        };
        return [{ id, entry }];
    });
}

/** The entries of `spec.healthCheckExprs`; one without a kind speaks for all kinds of its group. */
export function healthCheckExprs(kustomization: KubernetesObject) {
    return list(kustomization.root, "spec", "healthCheckExprs").map(entry => ({
        group: groupOf(text(entry, "apiVersion")),
        kind: text(entry, "kind"),
        /** A constant judges nothing: it says that the kind is not to be waited for. */
        isConstant: text(entry, "current")?.trim() === "true" && !text(entry, "failed") && !text(entry, "inProgress"),
        entry,
    }));
}

/** `wait: true` checks every applied object, and makes Flux ignore `healthChecks`. */
export function waitsForAll(kustomization: KubernetesObject): boolean {
    return isTrue(kustomization.root, "spec", "wait");
}

/** The entries of `spec.dependsOn` that wait for readiness; one with a `readyExpr` only if that asks for `Ready`. */
export function dependencies(object: KubernetesObject) {
    return list(object.root, "spec", "dependsOn").flatMap(entry => {
        const name = text(entry, "name");
        const readyExpr = text(entry, "readyExpr");
        if (!name || (readyExpr && !/\bReady\b/.test(readyExpr))) return [];
        return [{ name, namespace: text(entry, "namespace") ?? object.namespace, entry }];
    });
}
