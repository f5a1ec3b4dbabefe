import type { ClusterApi } from "../api/clusterApi.ts";
import { type KubeEvent, occurrences, type Pod } from "../api/objects.ts";
import { parseImage } from "../lint/images/reference.ts";
import type { PullFailure } from "./diagnosis.ts";
import { causeOf, type FailureCause } from "./failureCause.ts";

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

/** Reasons under which the kubelet reports a pull that failed: of a container's image, and of a sandbox's. */
const EVENT_REASONS = ["Failed", "FailedCreatePodSandBox"];

/** `Failed to pull image "x": why` and `… failed to pull image "x": why` within the failure of a sandbox. */
const FAILED_PULL = /[Ff]ailed to (?:pull|get sandbox) image "([^"]+)":? (.*)$/s;

/** What is kept of events of one image on one node. */
interface Heard {
    image: string;
    node: string;
    counts: Map<FailureCause, number>;
    count: number;
    firstSeen: string | null;
    lastSeen: string | null;
    message: string;
    pods: Set<string>;
}

/** What pods say now. */
export interface PodStates {
    /** Containers that wait for an image. */
    waiting: { pod: string; node: string; image: string; message: string }[];
    /** `namespace/name` of pods that have not started, and their nodes. */
    pending: Map<string, string>;
    labels: Map<string, Record<string, string>>;
}

/** Reads pods and events side by side, page by page, and keeps only what waits for an image or tells of a failed pull. */
export async function pullFailures(api: ClusterApi): Promise<{ failures: PullFailure[]; states: PodStates }> {
    const heard = new Map<string, Heard>();
    const [states] = await Promise.all([
        podStates(api),
        ...EVENT_REASONS.map(reason => hearFailedPulls(api, reason, heard)),
    ]);
    return { failures: grouped(states, [...heard.values()]), states };
}

async function podStates(api: ClusterApi): Promise<PodStates> {
    const states: PodStates = { waiting: [], pending: new Map(), labels: new Map() };
    const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
    for await (const { metadata, spec, status } of api.list<Pod>("/api/v1/pods", { fieldSelector })) {
        const pod = `${metadata.namespace}/${metadata.name}`;
        const node = spec.nodeName ?? "";
        if (status?.phase === "Pending" && node !== "") states.pending.set(pod, node);
        const images = new Map([...spec.containers, ...(spec.initContainers ?? [])].map(one => [one.name, one.image]));
        const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
        for (const { name, image, state } of statuses) {
            const { reason = "", message = "" } = state?.waiting ?? {};
            if (!WAITING_FOR_IMAGE.has(reason)) continue;
            states.waiting.push({ pod, node, image: images.get(name) ?? image, message: `${reason}: ${message}` });
            states.labels.set(pod, metadata.labels ?? {});
        }
    }
    return states;
}

/** Adds the failed pulls that events with one reason tell of, by image and node. */
async function hearFailedPulls(api: ClusterApi, reason: string, heard: Map<string, Heard>): Promise<void> {
    const fieldSelector = `involvedObject.kind=Pod,reason=${reason}`;
    for await (const event of api.list<KubeEvent>("/api/v1/events", { fieldSelector })) {
        const [, image, why = ""] = FAILED_PULL.exec(event.message ?? "") ?? [];
        if (image === undefined) continue;
        const node = event.source?.host || event.reportingInstance || "";
        const key = `${image} ${node}`;
        const known = heard.get(key) ?? newlyHeard(image, node);
        heard.set(key, known);
        take(known, event, why);
    }
}

function newlyHeard(image: string, node: string): Heard {
    return { image, node, counts: new Map(), count: 0, firstSeen: null, lastSeen: null, message: "", pods: new Set() };
}

function take(heard: Heard, event: KubeEvent, message: string): void {
    const { count, firstSeen, lastSeen } = occurrences(event);
    const cause = causeOf(message);
    heard.counts.set(cause, (heard.counts.get(cause) ?? 0) + count);
    heard.count += count;
    heard.pods.add(`${event.involvedObject.namespace}/${event.involvedObject.name}`);
    if (firstSeen !== null && (heard.firstSeen === null || firstSeen < heard.firstSeen)) heard.firstSeen = firstSeen;
    if (heard.lastSeen === null || (lastSeen !== null && lastSeen >= heard.lastSeen)) {
        heard.lastSeen = lastSeen;
        heard.message = message;
    }
}

function grouped(states: PodStates, heard: Heard[]): PullFailure[] {
    const failures = new Map(heard.map(one => [`${one.image} ${one.node}`, fromEvents(one, states)]));
    for (const { pod, node, image, message } of states.waiting) {
        const key = `${image} ${node}`;
        const failure = failures.get(key) ?? fromState(image, node, message);
        failures.set(key, failure);
        if (!failure.waitingPods.includes(pod)) failure.waitingPods.push(pod);
    }
    return [...failures.values()].sort(
        (a, b) =>
            Number(b.waitingPods.length > 0) - Number(a.waitingPods.length > 0) ||
            compare(a.image, b.image) ||
            compare(a.node, b.node),
    );
}

function fromEvents(heard: Heard, { pending, waiting }: PodStates): PullFailure {
    const [[cause] = ["other" as const], ...others] = [...heard.counts].sort((a, b) => b[1] - a[1]);
    // A pod without a sandbox has no container that could wait: it has only not started.
    const withContainers = new Set(waiting.map(({ pod }) => pod));
    const stuck = [...heard.pods].filter(pod => pending.get(pod) === heard.node && !withContainers.has(pod));
    return {
        image: heard.image,
        registry: registryOf(heard.image),
        node: heard.node,
        cause,
        otherCauses: others.map(([other]) => other),
        count: heard.count,
        firstSeen: heard.firstSeen,
        lastSeen: heard.lastSeen,
        message: heard.message,
        waitingPods: stuck,
    };
}

/** Events are gone after an hour; what the kubelet wrote into the pod stays. */
function fromState(image: string, node: string, message: string): PullFailure {
    return {
        image,
        registry: registryOf(image),
        node,
        cause: causeOf(message),
        otherCauses: [],
        count: 0,
        firstSeen: null,
        lastSeen: null,
        message,
        waitingPods: [],
    };
}

function registryOf(image: string): string {
    return parseImage(image)?.repository.split("/")[0] ?? "";
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
