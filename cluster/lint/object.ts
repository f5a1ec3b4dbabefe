import type { Located, LocatedMap, YamlDocument } from "./yaml/document.ts";
import { list, scalar, text, withKey } from "./yaml/located.ts";

/** What identifies an object in a cluster. The version is left out: Flux and kustomize match by group and kind. */
export interface ObjectId {
    group: string;
    kind: string;
    namespace: string | undefined;
    name: string;
}

/** A Kubernetes object as a repository writes it, or as overlays made it. */
export interface KubernetesObject extends ObjectId {
    root: LocatedMap;
    /** Names that it had earlier in a build, the first one first: kustomize still finds it by them. */
    formerly: readonly ObjectId[];
    /** Where it was written, whatever changed it since. */
    document: YamlDocument;
    /** Line of the object's `kind`, from 1. */
    line: number;
}

/** `Kind/namespace/name`, as Flux writes it. */
export function nameOf({ kind, namespace, name }: { kind: string; namespace?: string; name: string }): string {
    return [kind, namespace, name].filter(part => part !== undefined && part !== "").join("/");
}

/** The API group of an `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string | undefined): string {
    return apiVersion?.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** The same object, where a missing namespace stands for one that is only known later. */
export function sameObject(a: ObjectId, b: ObjectId): boolean {
    return a.group === b.group && a.kind === b.kind && a.name === b.name && sameNamespace(a.namespace, b.namespace);
}

export function sameNamespace(a: string | undefined, b: string | undefined): boolean {
    return a === undefined || b === undefined || a === b;
}

/** The objects of a document: one, several for a `List`, none for YAML that is not Kubernetes. */
export function objectsOf(document: YamlDocument): KubernetesObject[] {
    return document.root ? objectsIn(document.root, document) : [];
}

function objectsIn(root: Located, document: YamlDocument): KubernetesObject[] {
    const kind = text(root, "kind");
    const apiVersion = text(root, "apiVersion");
    if (root.type !== "map" || !kind || !apiVersion) return [];
    if (kind.endsWith("List") && root.entries.has("items") && !text(root, "metadata", "name")) {
        return list(root, "items").flatMap(item => objectsIn(item, document));
    }
    const object = objectFrom(root, document);
    return object ? [object] : [];
}

/** Undefined when the value has no kind or name, so that it cannot be an object. */
export function objectFrom(root: LocatedMap, document: YamlDocument): KubernetesObject | undefined {
    const kind = text(root, "kind");
    const name = text(root, "metadata", "name") ?? text(root, "metadata", "generateName");
    if (!kind || !name) return undefined;
    return {
        group: groupOf(text(root, "apiVersion")),
        kind,
        namespace: text(root, "metadata", "namespace"),
        name,
        formerly: [],
        root,
        document,
        line: root.entries.get("kind")?.key.line ?? root.at.line,
    };
}

/** The same object with another content. What it was called before stays known. */
export function withRoot(object: KubernetesObject, root: LocatedMap): KubernetesObject {
    if (root === object.root) return object;
    const changed = objectFrom(root, object.document);
    return changed ? { ...changed, formerly: object.formerly, line: object.line } : object;
}

/** The same object. Its present name stays known after later changes of the name. */
export function remembered(object: KubernetesObject): KubernetesObject {
    const { group, kind, namespace, name } = object;
    const isKnown = object.formerly.some(
        id => id.kind === kind && id.name === name && id.namespace === namespace && id.group === group,
    );
    return isKnown ? object : { ...object, formerly: [...object.formerly, { group, kind, namespace, name }] };
}

/** A copy with another name or namespace. */
export function renamed(object: KubernetesObject, to: { name?: string; namespace?: string }): KubernetesObject {
    let metadata = object.root.entries.get("metadata")?.value;
    if (metadata?.type !== "map") return object;
    for (const [key, value] of Object.entries(to)) metadata = withKey(metadata, key, scalar(value, metadata.at));
    return withRoot(object, withKey(object.root, "metadata", metadata));
}

/** The value of an annotation, or else of a label. */
export function markOf(object: KubernetesObject, name: string): string | undefined {
    return text(object.root, "metadata", "annotations", name) ?? text(object.root, "metadata", "labels", name);
}

const clusterScoped = new Set([
    "APIService",
    "CSIDriver",
    "ClusterExternalSecret",
    "ClusterGenerator",
    "ClusterIssuer",
    "ClusterPushSecret",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "CustomResourceDefinition",
    "FlowSchema",
    "GatewayClass",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeSnapshotClass",
]);

/** Whether objects of the kind live outside namespaces: the kinds of Kubernetes itself and the ones often met beside Flux. */
export function isClusterScoped({ kind }: Pick<ObjectId, "kind">): boolean {
    return clusterScoped.has(kind);
}

/** Whether the kind is Kubernetes' own, so that kustomize knows its schema. */
export function isNative({ group }: Pick<ObjectId, "group">): boolean {
    return !group.includes(".") || group.endsWith(".k8s.io");
}
