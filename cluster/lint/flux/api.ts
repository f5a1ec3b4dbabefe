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
        isConstant: isLiteral(entry, "current", "true") && isNever(entry, "failed") && isNever(entry, "inProgress"),
        entry,
    }));
}

function isLiteral(entry: Located, key: string, literal: string): boolean {
    return text(entry, key)?.replace(/^[\s(]+|[\s)]+$/g, "") === literal;
}

/** An expression that is not there, or is the constant `false`, never speaks. */
function isNever(entry: Located, key: string): boolean {
    return text(entry, key) === undefined || isLiteral(entry, key, "false");
}

/** `wait: true` checks every applied object, and makes Flux ignore `healthChecks`. */
export function waitsForAll(kustomization: KubernetesObject): boolean {
    return isTrue(kustomization.root, "spec", "wait");
}

/** An entry of `spec.dependsOn` that waits for readiness. */
export interface Dependency {
    id: ObjectId;
    entry: Located;
}

/**
 * The entries of `spec.dependsOn` that wait for readiness. One with a `readyExpr` does so only if that asks for `Ready`;
 * those of a ResourceSet name objects of any kind, and wait for readiness only with `ready: true`.
 */
export function dependencies(object: KubernetesObject): Dependency[] {
    const isSet = isResourceSet(object);
    return list(object.root, "spec", "dependsOn").flatMap(entry => {
        const name = text(entry, "name");
        const readyExpr = text(entry, "readyExpr");
        if (!name || (readyExpr && !/\bReady\b/.test(readyExpr))) return [];
        if (isSet && !readyExpr && !isTrue(entry, "ready")) return [];
        const of = isSet ? groupOf(text(entry, "apiVersion")) : object.group;
        const kind = isSet ? (text(entry, "kind") ?? "") : object.kind;
        // Objects of cluster-wide kinds have no namespace to be looked for in.
        const namespace = text(entry, "namespace") ?? (isSet ? undefined : object.namespace);
        return [{ id: { group: of, kind, name, namespace }, entry }];
    });
}

/** Whether the object waits for others by itself, so that `dependsOn` may name it. */
export function isWaiter(id: Pick<ObjectId, "group" | "kind">): boolean {
    return isFluxKustomization(id) || isHelmRelease(id) || isResourceSet(id);
}
