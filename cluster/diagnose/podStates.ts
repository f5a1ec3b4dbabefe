import type { ClusterApi } from "../api/clusterApi.ts";
import { conditionOf, type Pod } from "../api/objects.ts";
import type { Broken, StuckPod } from "./diagnosis.ts";

/** States of a container that waits for its image (kubelet, pkg/kubelet/images/types.go and pkg/kubelet/container). */
const WAITING_FOR_IMAGE = new Set([
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "ImageInspectError",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
]);

/** States of a container that cannot be made, before its program runs (kubelet, pkg/kubelet/kuberuntime). */
const CANNOT_BE_MADE = new Set([
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
]);

const FLUX_CONTROLLER = /\/(source|kustomize|helm)-controller(?=[:@]|$)/;
/** So long may a pod or a node take before its silence counts. */
export const GRACE_MS = 10 * 60_000;

/** What pods say now. */
export interface PodStates {
    /** Containers that wait for an image. */
    waiting: { pod: string; node: string; image: string; message: string }[];
    /** `namespace/name` of pods that have not started and have no sandbox that is known, and their nodes. */
    pending: Map<string, string>;
    /** When each of those was created, ISO 8601, where the pod says so. */
    createdAt: Map<string, string>;
    labels: Map<string, Record<string, string>>;
    stuck: StuckPod[];
    controllers: Broken[];
    /** Nodes that pods run on. */
    nodes: Set<string>;
}

export function noPods(): PodStates {
    return {
        waiting: [],
        pending: new Map(),
        createdAt: new Map(),
        labels: new Map(),
        stuck: [],
        controllers: [],
        nodes: new Set(),
    };
}

/** Reads pods page by page, and keeps only what says that something does not start. */
export async function podStates(api: ClusterApi): Promise<PodStates> {
    const states = noPods();
    const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
    for await (const pod of api.list<Pod>("/api/v1/pods", { fieldSelector })) take(states, pod);
    return states;
}

function take(states: PodStates, { metadata, spec, status }: Pod): void {
    const pod = `${metadata.namespace}/${metadata.name}`;
    const node = spec.nodeName ?? "";
    if (node !== "") states.nodes.add(node);
    if (status?.phase === "Pending" && node !== "" && !hasSandbox(status)) {
        states.pending.set(pod, node);
        const created = status.startTime ?? metadata.creationTimestamp;
        if (created) states.createdAt.set(pod, created);
        states.labels.set(pod, metadata.labels ?? {});
    }
    const scheduled = conditionOf({ status }, "PodScheduled");
    if (status?.phase === "Pending" && node === "" && scheduled?.status === "False") {
        const { reason = "", message = "" } = scheduled;
        stuck(states, { pod, node, kind: "unscheduled", reason, message }, metadata.labels);
    }
    const images = new Map([...spec.containers, ...(spec.initContainers ?? [])].map(one => [one.name, one.image]));
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const { name, image, state } of statuses) {
        const { reason = "", message = "" } = state?.waiting ?? {};
        const written = images.get(name) ?? image;
        if (WAITING_FOR_IMAGE.has(reason)) {
            states.waiting.push({ pod, node, image: written, message: `${reason}: ${message}` });
            states.labels.set(pod, metadata.labels ?? {});
        } else if (CANNOT_BE_MADE.has(reason))
            stuck(states, { pod, node, kind: "container", reason, message }, metadata.labels);
        const controller = FLUX_CONTROLLER.exec(written)?.[1];
        if (controller && reason === "CrashLoopBackOff")
            states.controllers.push({
                object: `Pod/${pod}`,
                reason,
                message: message || `${controller}-controller starts and ends again and again`,
                since: null,
                blocks: true,
            });
    }
}

/** The condition is as of Kubernetes 1.29; an address, and a container that has run, tell the same. */
function hasSandbox(status: NonNullable<Pod["status"]>): boolean {
    const { initContainerStatuses = [], containerStatuses = [], podIP } = status;
    return (
        conditionOf({ status }, "PodReadyToStartContainers")?.status === "True" ||
        Boolean(podIP) ||
        [...initContainerStatuses, ...containerStatuses].some(
            ({ state }) => state?.running || state?.terminated || state?.waiting?.reason === "CrashLoopBackOff",
        )
    );
}

function stuck(
    states: PodStates,
    found: Pick<StuckPod, "pod" | "node" | "kind" | "reason" | "message">,
    labels: Record<string, string> | undefined,
): void {
    if (states.stuck.some(({ pod }) => pod === found.pod)) return;
    states.stuck.push({ ...found, missingSecret: missingSecretIn(found.message), blocks: true });
    states.labels.set(found.pod, labels ?? {});
}

/** The kubelet's words: `secret "x" not found`, and `references non-existent secret key: k` without a name. */
export function missingSecretIn(message: string): string | null {
    return /\bsecrets? "([^"]{1,253})" (?:is )?not found/i.exec(message.slice(0, 8192))?.[1]?.split("/").at(-1) ?? null;
}
