import type { ControlPlane } from "../../lab/controlPlane/controlPlane.ts";

/** Writes objects into a cluster, status included, as the controllers that are not there would. */

const PLURALS: Record<string, string> = {
    OCIRepository: "ocirepositories",
    HelmRepository: "helmrepositories",
    GitRepository: "gitrepositories",
};

interface Written {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string; [key: string]: unknown };
    status?: unknown;
    [key: string]: unknown;
}

/** Path of the list that the object is in. */
export function listPath({ apiVersion, kind, metadata }: Written): string {
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`.replace(/ys$/, "ies");
    return metadata.namespace ? `${base}/namespaces/${metadata.namespace}/${plural}` : `${base}/${plural}`;
}

/** Creates the object, then writes its status as a controller does. */
export async function write({ api }: ControlPlane, object: object): Promise<void> {
    const { status, ...desired } = object as Written;
    const list = listPath(desired as Written);
    await api.create(list, desired);
    if (status !== undefined) await api.patch(`${list}/${desired.metadata.name}/status`, { status });
}

/** Writes a namespace; the API server takes no objects into one that does not exist. */
export async function namespaces({ api }: ControlPlane, ...names: string[]): Promise<void> {
    for (const name of names)
        await api.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** Removes everything that a test wrote into these lists, so that the next one finds an empty cluster. */
export async function clear({ api }: ControlPlane, ...lists: string[]): Promise<void> {
    for (const list of lists)
        for await (const { metadata } of api.list<{ metadata: { name: string; namespace?: string } }>(list)) {
            const at = list.lastIndexOf("/");
            const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : "";
            await api.delete(`${list.slice(0, at)}${scope}${list.slice(at)}/${metadata.name}`);
        }
}

export function node(name: string, address: string): object {
    return {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name },
        status: {
            addresses: [{ type: "InternalIP", address }],
            conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "ready" }],
            nodeInfo: {
                architecture: "amd64",
                bootID: "",
                containerRuntimeVersion: "containerd://2.1.4-k3s1",
                kernelVersion: "6.1.0",
                kubeProxyVersion: "",
                kubeletVersion: "v1.34.1+k3s1",
                machineID: "",
                operatingSystem: "linux",
                osImage: "Debian GNU/Linux 12 (bookworm)",
                systemUUID: "",
            },
        },
    };
}

/** A pod on a node whose one container waits for its image. */
export function podWaiting(
    {
        namespace,
        name,
        node,
        image,
        labels = {},
    }: { namespace: string; name: string; node: string; image: string; labels?: object },
    waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` },
): object {
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name, labels },
        spec: { nodeName: node, containers: [{ name: "main", image }] },
        status: {
            phase: "Pending",
            containerStatuses: [
                { name: "main", image, imageID: "", ready: false, restartCount: 0, state: { waiting } },
            ],
        },
    };
}

export interface EventOf {
    namespace: string;
    pod: string;
    node: string;
    message: string;
    reason?: string;
    count?: number;
    first?: string;
    last?: string;
}

let events = 0;

/** An event of the kubelet about a pod. */
export function podEvent({
    namespace,
    pod,
    node,
    message,
    reason = "Failed",
    count = 1,
    first,
    last,
}: EventOf): object {
    return {
        apiVersion: "v1",
        kind: "Event",
        metadata: { namespace, name: `${pod}.${++events}` },
        involvedObject: { kind: "Pod", namespace, name: pod, fieldPath: "spec.containers{main}" },
        reason,
        message,
        type: "Warning",
        count,
        firstTimestamp: first ?? "2026-01-31T12:00:00Z",
        lastTimestamp: last ?? "2026-01-31T12:10:00Z",
        source: { component: "kubelet", host: node },
    };
}

const FLUX_VERSIONS: Record<string, string> = {
    Kustomization: "kustomize.toolkit.fluxcd.io/v1",
    HelmRelease: "helm.toolkit.fluxcd.io/v2",
};

/** An object of Flux; sources need no version named. */
export function flux(kind: string, name: string, spec: object, status: object, namespace = "flux-system"): object {
    const apiVersion = FLUX_VERSIONS[kind] ?? "source.toolkit.fluxcd.io/v1";
    return { apiVersion, kind, metadata: { namespace, name }, spec, status };
}

export function condition(type: string, status: string, reason: string, message: string): object {
    return { type, status, reason, message, lastTransitionTime: "2026-01-31T12:00:00Z", observedGeneration: 1 };
}

/** An artifact in storage, as the source controller writes it. */
export function artifact(revision: string): object {
    return {
        digest: `sha256:${"0".repeat(64)}`,
        lastUpdateTime: "2026-01-31T11:00:00Z",
        path: "a/b.tar.gz",
        revision,
        url: "http://source-controller.flux-system.svc/a/b.tar.gz",
    };
}
