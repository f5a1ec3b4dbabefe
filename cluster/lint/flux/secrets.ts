import { type KubernetesObject, type ObjectId, sameNamespace } from "../object.ts";
import type { Located } from "../yaml/document.ts";
import { children, strings, text } from "../yaml/located.ts";
import { group, isSynced } from "./api.ts";

/** The Kubernetes Secret that an ExternalSecret makes; undefined for one that makes none, or fills in another's. */
export function generatedSecret(object: KubernetesObject): ObjectId | undefined {
    if (object.group !== group.externalSecrets || !object.kind.endsWith("ExternalSecret")) return undefined;
    const isCluster = object.kind === "ClusterExternalSecret";
    const spec = isCluster ? ["spec", "externalSecretSpec"] : ["spec"];
    const policy = text(object.root, ...spec, "target", "creationPolicy");
    if (policy === "None" || policy === "Merge") return undefined;
    const own = isCluster ? (text(object.root, "spec", "externalSecretName") ?? object.name) : object.name;
    return {
        group: "",
        kind: "Secret",
        namespace: isCluster ? undefined : object.namespace,
        name: text(object.root, ...spec, "target", "name") ?? own,
    };
}

/** Whether an object of the External Secrets Operator talks to a provider through the store. */
export function usesStore(object: KubernetesObject, store: ObjectId): boolean {
    return (
        isSynced(object) &&
        storeReferences(object.root).some(({ kind, name }) => kind === store.kind && name === store.name)
    );
}

/**
 * Whether an object names the Secret. Any value counts, since charts have many ways to be told of one; a Secret's name
 * that is also something else's makes two things seem related, which only silences a finding.
 */
export function readsSecret(object: KubernetesObject, secret: ObjectId): boolean {
    if (object.group === group.externalSecrets) return false;
    return sameNamespace(object.namespace, secret.namespace) && strings(object.root).has(secret.name);
}

function storeReferences(root: Located): { kind: string; name: string | undefined }[] {
    const found: { kind: string; name: string | undefined }[] = [];
    const seen = new Set<Located>();
    const pending: Located[] = [root];
    for (let next = pending.pop(); next; next = pending.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        pending.push(...children(next));
        if (next.type !== "map") continue;
        for (const [key, { value }] of next.entries) {
            if (!/^(?:secretStoreRefs?|storeRef)$/.test(key)) continue;
            for (const reference of value.type === "list" ? value.items : [value]) {
                found.push({ kind: text(reference, "kind") ?? "SecretStore", name: text(reference, "name") });
            }
        }
    }
    return found;
}
