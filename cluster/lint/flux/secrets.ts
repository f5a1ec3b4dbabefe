import { isNative, type KubernetesObject, type ObjectId, sameNamespace } from "../object.ts";
import type { Located } from "../yaml/document.ts";
import { at, children, list, strings, text } from "../yaml/located.ts";
import { group, isFluxKustomization, isHelmRelease, isSynced } from "./api.ts";

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
 * Whether an object reads the Secret. In Kubernetes' own kinds that stands below a key about secrets; charts and other
 * kinds have many ways to be told of one, so any value counts there but what names something else.
 */
export function readsSecret(object: KubernetesObject, secret: ObjectId): boolean {
    if (object.group === group.externalSecrets) return false;
    if (!sameNamespace(object.namespace, secret.namespace)) return false;
    return partsThatRead(object).some(part => strings(part).has(secret.name));
}

function partsThatRead(object: KubernetesObject): Located[] {
    const known = partsOf.get(object.root);
    if (known) return known;
    const found = findParts(object);
    partsOf.set(object.root, found);
    return found;
}

const partsOf = new WeakMap<Located, Located[]>();

function findParts(object: KubernetesObject): Located[] {
    const spec = at(object.root, "spec");
    if (isFluxKustomization(object)) {
        const secrets = list(spec, "postBuild", "substituteFrom").filter(entry => text(entry, "kind") === "Secret");
        return [...secrets, ...["decryption", "kubeConfig", "patches"].flatMap(key => at(spec, key) ?? [])];
    }
    if (isHelmRelease(object)) return spec ? without(spec, ["dependsOn", "chart", "chartRef"]) : [];
    return isNative(object) ? aboutSecrets(object.root) : without(object.root, ["apiVersion", "kind", "metadata"]);
}

function without(map: Located, keys: readonly string[]): Located[] {
    if (map.type !== "map") return [];
    return [...map.entries].flatMap(([key, { value }]) => (keys.includes(key) ? [] : [value]));
}

/** The values below keys such as `secretName`, `secretKeyRef` and `imagePullSecrets`. */
function aboutSecrets(root: Located): Located[] {
    const found: Located[] = [];
    const seen = new Set<Located>();
    const pending = [root];
    for (let next = pending.pop(); next; next = pending.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (next.type === "list") pending.push(...next.items);
        if (next.type !== "map") continue;
        for (const [key, { value }] of next.entries) (/secret/i.test(key) ? found : pending).push(value);
    }
    return found;
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
