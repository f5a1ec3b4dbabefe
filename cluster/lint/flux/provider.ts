import { type KubernetesObject, type ObjectId, sameObject } from "../object.ts";
import type { Located } from "../yaml/document.ts";
import { at, list, text } from "../yaml/located.ts";
import { group, isStore, isSynced } from "./api.ts";

/** Whether the readiness of a store, or of what syncs through one, depends on a provider outside of the cluster. */
export type AsksProvider = (id: ObjectId) => boolean;

/** Generators of External Secrets that make their values within the cluster (https://external-secrets.io/latest/api/generator/). */
const localGenerators = new Set(["Fake", "MFA", "Password", "SSHKey", "UUID"]);

/** Judges by the objects of the repository; what is not among them counts as a provider outside. */
export function providersIn(objects: readonly KubernetesObject[]): AsksProvider {
    const known = new Map<string, KubernetesObject[]>();
    for (const object of objects) {
        if (!object.group.endsWith(group.externalSecrets)) continue;
        const key = `${object.kind}/${object.name}`;
        known.set(key, [...(known.get(key) ?? []), object]);
    }
    const find = (id: ObjectId) => known.get(`${id.kind}/${id.name}`)?.find(object => sameObject(object, id));

    const isLocalStore = (id: ObjectId): boolean => {
        const provider = at(find(id)?.root, "spec", "provider");
        if (provider?.type !== "map") return false;
        const names = [...provider.entries.keys()];
        return names.length > 0 && names.every(name => name === "fake" || isOwnCluster(name, provider));
    };
    const isLocalSource = (reference: Located, namespace: string | undefined): boolean => {
        const generator = at(reference, "generatorRef");
        if (generator) return isLocalGenerator(generator, known);
        const store = at(reference, "storeRef") ?? reference;
        const kind = text(store, "kind") ?? "SecretStore";
        const name = text(store, "name");
        if (name === undefined) return false;
        const placed = kind === "ClusterSecretStore" ? undefined : namespace;
        return isLocalStore({ group: group.externalSecrets, kind, name, namespace: placed });
    };
    return id => {
        if (isStore(id)) return !isLocalStore(id);
        const object = isSynced(id) ? find(id) : undefined;
        if (!object) return isSynced(id);
        const sources = sourcesOf(object);
        return sources.length === 0 || !sources.every(source => isLocalSource(source, object.namespace));
    };
}

/** The provider `kubernetes` reads the cluster's own API unless it names the address of another one. */
function isOwnCluster(name: string, provider: Located): boolean {
    if (name !== "kubernetes") return false;
    const url = text(provider, "kubernetes", "server", "url");
    const isOther = at(provider, "kubernetes", "authRef") !== undefined;
    return !isOther && (url === undefined || /^(?:https:\/\/)?kubernetes\.default(?:\.svc)?(?:[.:/]|$)/.test(url));
}

function isLocalGenerator(generator: Located, known: ReadonlyMap<string, KubernetesObject[]>): boolean {
    const kind = text(generator, "kind") ?? "";
    if (kind !== "ClusterGenerator") return localGenerators.has(kind);
    const found = known.get(`${kind}/${text(generator, "name")}`)?.[0];
    return localGenerators.has(text(found?.root, "spec", "kind") ?? "");
}

/** Everything that an object syncs with. */
function sourcesOf(object: KubernetesObject): Located[] {
    const isCluster = object.kind.startsWith("Cluster");
    const spec = isCluster
        ? (at(object.root, "spec", "externalSecretSpec") ?? at(object.root, "spec", "pushSecretSpec"))
        : at(object.root, "spec");
    const stores = [at(spec, "secretStoreRef"), ...list(spec, "secretStoreRefs")];
    const entries = [...list(spec, "data"), ...list(spec, "dataFrom")].map(entry => at(entry, "sourceRef"));
    // The store of an ExternalSecret is not asked where every entry names its own source.
    const usesStore = entries.length === 0 || entries.some(source => source === undefined) || isPush(object);
    return [...(usesStore ? stores : []), ...entries].flatMap(source => source ?? []);
}

function isPush({ kind }: KubernetesObject): boolean {
    return kind.endsWith("PushSecret");
}
