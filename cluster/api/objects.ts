/** What is read of Kubernetes objects: the API server sends more, and nothing else of it is kept. */

export interface Metadata {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    creationTimestamp?: string;
    ownerReferences?: { apiVersion: string; kind: string; name: string }[];
}

export interface Condition {
    type: string;
    status: "True" | "False" | "Unknown";
    reason?: string;
    message?: string;
    lastTransitionTime?: string;
    /** Generation of the object that the condition speaks of, where the controller writes it. */
    observedGeneration?: number;
}

export interface ContainerStatus {
    name: string;
    image: string;
    state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: object };
}

export interface Container {
    name: string;
    image?: string;
}

export interface Pod {
    metadata: Metadata;
    spec: { nodeName?: string; containers: Container[]; initContainers?: Container[] };
    status?: {
        phase?: string;
        startTime?: string;
        podIP?: string;
        conditions?: Condition[];
        containerStatuses?: ContainerStatus[];
        initContainerStatuses?: ContainerStatus[];
    };
}

/** An event as `v1` serves it, whether it was written by `v1` or by `events.k8s.io/v1`. */
export interface KubeEvent {
    metadata: Metadata;
    involvedObject: { kind?: string; namespace?: string; name?: string };
    type?: string;
    reason?: string;
    message?: string;
    count?: number;
    firstTimestamp?: string | null;
    lastTimestamp?: string | null;
    eventTime?: string | null;
    series?: { count?: number; lastObservedTime?: string };
    source?: { host?: string };
    reportingInstance?: string;
}

export interface Node {
    metadata: Metadata;
    spec?: { podCIDR?: string; unschedulable?: boolean };
    status?: {
        addresses?: { type: string; address: string }[];
        conditions?: Condition[];
        nodeInfo?: { kubeletVersion: string; containerRuntimeVersion: string; osImage: string; machineID: string };
    };
}

/** Identifies an object of a known kind in one cluster. */
export interface ObjectName {
    kind: string;
    namespace?: string;
    name: string;
}

/** The condition of that type, or undefined where the controller has not written it. */
export function conditionOf(object: { status?: { conditions?: Condition[] } }, type: string): Condition | undefined {
    return object.status?.conditions?.find(condition => condition.type === type);
}

/** When the event was first and last seen, and how often; `eventTime` and `series` are the newer API's words for it. */
export function occurrences(event: KubeEvent): { count: number; firstSeen: string | null; lastSeen: string | null } {
    const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? null;
    return {
        count: event.series?.count ?? event.count ?? 1,
        firstSeen: first,
        lastSeen: event.series?.lastObservedTime ?? event.lastTimestamp ?? first,
    };
}
