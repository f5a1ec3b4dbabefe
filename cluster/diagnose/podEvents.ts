import type { ClusterApi } from "../api/clusterApi.ts";
import { type KubeEvent, occurrences } from "../api/objects.ts";
import { type FailureCause, readingOf } from "./failureCause.ts";
import { hasAnswered, mirrorAsked, registryOf } from "./registries.ts";

/** Reasons under which the kubelet reports what keeps a pod from starting. */
const EVENT_REASONS = ["Failed", "FailedCreatePodSandBox", "FailedMount"];

/**
 * How runtimes name the image in a failure: the kubelet for containers; within the failure of a sandbox containerd
 * (`get sandbox image`, `get image from containerd`), cri-dockerd (`failed pulling image`) and CRI-O (`docker://`).
 */
const FAILED_PULLS = [
    /failed to (?:pull|get sandbox|inspect) image "([^"]{1,500})"/i,
    /failed pulling image "([^"]{1,500})"/i,
    /\bunable to pull (?:the )?(?:pause|sandbox|infra) image "?([^\s":]{1,300}(?::[\w.-]{1,128})?)"?/i,
    /\binitializing source docker:\/\/([^\s"]{1,500}?):? /i,
    /\bfailed to get image from containerd "[^"]{0,200}": image "([^"]{1,500})"/i,
    /\bno such image: ([^\s"]{1,400})/i,
];

/** What is kept of events of one image on one node. */
export interface FailedPull {
    image: string;
    registry: string;
    node: string;
    counts: Map<FailureCause, number>;
    count: number;
    firstSeen: string | null;
    lastSeen: string | null;
    message: string;
    mirror: string | null;
    registryAnswered: boolean;
    pods: Set<string>;
}

/** The last event that tells of one pod's sandbox or volume. */
export interface PodTrouble {
    pod: string;
    node: string;
    kind: "sandbox" | "volume";
    reason: string;
    message: string;
    lastSeen: string | null;
}

export interface PodEvents {
    pulls: Map<string, FailedPull>;
    /** By pod. */
    troubles: Map<string, PodTrouble>;
}

export function noEvents(): PodEvents {
    return { pulls: new Map(), troubles: new Map() };
}

/** Reads events page by page, narrowed on the server by their reasons. */
export async function podEvents(api: ClusterApi): Promise<PodEvents> {
    const heard = noEvents();
    await Promise.all(
        EVENT_REASONS.map(async reason => {
            const fieldSelector = `involvedObject.kind=Pod,reason=${reason}`;
            for await (const event of api.list<KubeEvent>("/api/v1/events", { fieldSelector }))
                take(heard, reason, event);
        }),
    );
    return heard;
}

function take(heard: PodEvents, reason: string, event: KubeEvent): void {
    const message = (event.message ?? "").slice(0, 8192);
    const node = event.source?.host || event.reportingInstance || "";
    const pod = `${event.involvedObject.namespace}/${event.involvedObject.name}`;
    const [image, why] = reason === "FailedMount" ? [] : failedPullIn(message);
    if (image !== undefined && why !== undefined) takePull(heard.pulls, image, node, pod, event, why);
    else if (reason !== "Failed") takeTrouble(heard.troubles, pod, node, reason, event, message);
}

function failedPullIn(message: string): [image: string, why: string] | [] {
    for (const sign of FAILED_PULLS) {
        const found = sign.exec(message);
        if (found?.[1]) return [found[1], message.slice(found.index + found[0].length).replace(/^[:\s]+/, "")];
    }
    return [];
}

function takePull(
    pulls: PodEvents["pulls"],
    image: string,
    node: string,
    pod: string,
    event: KubeEvent,
    why: string,
): void {
    const key = `${image} ${node}`;
    const pull = pulls.get(key) ?? newPull(image, node);
    pulls.set(key, pull);
    const { count, firstSeen, lastSeen } = occurrences(event);
    const { cause, message } = readingOf(why);
    pull.counts.set(cause, (pull.counts.get(cause) ?? 0) + count);
    pull.count += count;
    pull.pods.add(pod);
    if (firstSeen !== null && (pull.firstSeen === null || firstSeen < pull.firstSeen)) pull.firstSeen = firstSeen;
    if (pull.lastSeen !== null && (lastSeen === null || lastSeen < pull.lastSeen)) return;
    pull.lastSeen = lastSeen;
    pull.message = why;
    pull.mirror = mirrorAsked(pull.registry, message);
    pull.registryAnswered = hasAnswered(pull.registry, message);
}

function newPull(image: string, node: string): FailedPull {
    const registry = registryOf(image);
    const seen = { count: 0, firstSeen: null, lastSeen: null, message: "", mirror: null, registryAnswered: false };
    return { image, registry, node, counts: new Map(), ...seen, pods: new Set() };
}

function takeTrouble(
    troubles: PodEvents["troubles"],
    pod: string,
    node: string,
    reason: string,
    event: KubeEvent,
    message: string,
): void {
    const { lastSeen } = occurrences(event);
    const known = troubles.get(pod);
    if (known !== undefined && (known.lastSeen ?? "") > (lastSeen ?? "")) return;
    troubles.set(pod, { pod, node, kind: reason === "FailedMount" ? "volume" : "sandbox", reason, message, lastSeen });
}
