import { isStore, isSynced } from "../flux/api.ts";
import { generatedSecret } from "../flux/secrets.ts";
import { hasVariable } from "../flux/substitute.ts";
import { isClusterScoped, type KubernetesObject, type ObjectId } from "../object.ts";
import { text } from "../yaml/located.ts";

/** An entry for `spec.healthChecks`. */
export interface HealthCheck {
    apiVersion: string;
    kind: string;
    name: string;
    namespace?: string;
}

/** A kind that an entry of `spec.healthCheckExprs` takes as ready, however its objects are. */
export interface ReadyKind {
    apiVersion: string;
    kind: string;
}

/** A check that a Secret is there: kstatus takes a Secret as ready as soon as it exists, synced or stale. */
export function secretCheck({ name, namespace }: ObjectId): HealthCheck | undefined {
    if (!namespace || hasVariable(name) || hasVariable(namespace)) return undefined;
    return { apiVersion: "v1", kind: "Secret", name, namespace };
}

/** Kinds that are ready by being there: waiting for them adds nothing once they are applied. */
const readyWhenApplied = new Set([
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "IngressClass",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "PriorityClass",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "Secret",
    "ServiceAccount",
    "StorageClass",
]);

/**
 * The health checks that wait for all that `wait: true` waited for, except live secret providers: stores are left out,
 * and an ExternalSecret is waited for by the Secret it makes. Undefined when they cannot be written for certain.
 */
export function checksInsteadOfWait(applies: readonly KubernetesObject[]): HealthCheck[] | undefined {
    const checks: HealthCheck[] = [];
    for (const object of applies) {
        if (isStore(object) || readyWhenApplied.has(object.kind)) continue;
        const check = isSynced(object) ? checkOfSynced(object) : checkOf(object);
        if (!check) return undefined;
        checks.push(check);
    }
    return checks;
}

function checkOfSynced(object: KubernetesObject): HealthCheck | undefined {
    const secret = generatedSecret(object);
    return secret && secretCheck(secret);
}

function checkOf(object: KubernetesObject): HealthCheck | undefined {
    const { kind, name, namespace } = object;
    const apiVersion = text(object.root, "apiVersion");
    if (!apiVersion || hasVariable(`${kind}${name}${namespace}`)) return undefined;
    if (isClusterScoped(object)) return { apiVersion, kind, name };
    return namespace ? { apiVersion, kind, name, namespace } : undefined;
}
