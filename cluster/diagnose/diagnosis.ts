import type { FailureCause } from "./failureCause.ts";

/** Pulls of one image on one node that failed. */
export interface PullFailure {
    image: string;
    registry: string;
    /** Empty where neither event nor pod names a node. */
    node: string;
    cause: FailureCause;
    /** Causes beside the main one, where failures differed. */
    otherCauses: FailureCause[];
    /** Failures that events count; 0 where they have expired and only the pod's state is left. */
    count: number;
    /** ISO 8601; null where no event is left. */
    firstSeen: string | null;
    lastSeen: string | null;
    /** Last error, in the runtime's words. */
    message: string;
    /** Host and port of the mirror that was asked in place of the registry, where the error names one. */
    mirror: string | null;
    /** Whether the error tells an answer of the registry itself. An answer of a mirror is none. */
    registryAnswered: boolean;
    /** `namespace/name` of pods that wait for it now. None: it has been pulled since. */
    waitingPods: string[];
}

/** A pod that does not start, for another reason than an image that cannot be pulled. */
export interface StuckPod {
    /** `namespace/name`. */
    pod: string;
    /** Empty for a pod that no node has taken. */
    node: string;
    /**
     * `sandbox`: the runtime or the pod network refuses it. `container`: its container cannot be made. `volume`: a volume
     * is not mounted. `unscheduled`: no node takes it. `unexplained`: it has not started, and no event says why.
     */
    kind: "sandbox" | "container" | "volume" | "unscheduled" | "unexplained";
    reason: string;
    message: string;
    /** Name of the Secret that it lacks, where the message names one. */
    missingSecret: string | null;
    /** False while it may only have been created a moment ago. */
    blocks: boolean;
}

/** A node that takes no pods, or a controller of Flux that does not run. */
export interface Broken {
    /** `Node/name` or `Pod/namespace/name`. */
    object: string;
    reason: string;
    message: string;
    since: string | null;
    /** False in the first minutes of a node. */
    blocks: boolean;
}

/** Network facts of a node, where they could be had. */
export interface NodeNetwork {
    node: string;
    address: string | null;
    /** `ssh`: read on the host. `api`: what the node object tells, which is none of the three below. */
    source: "ssh" | "api";
    link: string | null;
    mtu: number | null;
    /** Route's own MTU, where one is set. */
    routeMtu: number | null;
    gateway: string | null;
    resolvers: string[];
    kubelet: string | null;
    runtime: string | null;
    /** Conditions of the node that are not as they should be. */
    conditions: string[];
    /** Why the host was not asked, and how to have it asked. */
    note: string | null;
}

/** Something of Flux that is not ready. */
export interface Unready {
    /** `Kind/namespace/name`. */
    object: string;
    reason: string;
    message: string;
    since: string | null;
}

export interface FailingSource extends Unready {
    cause: FailureCause;
    url: string;
    /** Revision that is still served from storage; null without one. */
    cachedRevision: string | null;
    /** What uses it, as in `object`. */
    dependents: string[];
    /** Those that are not Ready because of it: not those that fail by themselves. */
    unreadyDependents: string[];
    /** `acceptable`: an artifact is in storage, and nothing that depends on it waits for another. */
    effect: "acceptable" | "unused" | "blocks";
}

export interface UnreadyRelease extends Unready {
    /** `stalled`: it fails. `progressing`: it is still at work, or waits only for what is still at work. */
    state: "stalled" | "progressing";
    /** Whether its own message names the failure, so that nothing below explains it. */
    isRoot: boolean;
    /** What explains it: other findings, so that nobody looks for the cause here. */
    because: string[];
}

export interface SecretFinding extends Unready {
    /**
     * `blocks`: the generated Secret is missing or empty. `stale`: it is there, from an earlier sync. `store`: live
     * validation only. `unknown`: the Secret may not be read.
     */
    effect: "blocks" | "stale" | "store" | "unknown";
    /** Why the provider was not reached, where the message or its last event tells; null otherwise. */
    cause: FailureCause | null;
}

/** What blocks most, and whose fault it is. */
export interface Conclusion {
    /** `none`: nothing blocks, or what blocks does not tell whose fault it is; `blocking` tells which. */
    culprit: "none" | "network" | "registry" | "node" | "source" | "release" | "secret";
    sentence: string;
    actions: string[];
}

/** Everything `clearpath diagnose` found. Lists are empty where there is nothing to say. */
export interface Diagnosis {
    version: 1;
    at: string;
    cluster: { server: string; context: string };
    /** Whether anything found keeps a workload from running, or its source from arriving. */
    blocking: boolean;
    conclusion: Conclusion;
    pulls: PullFailure[];
    /** Pods that do not start for another reason. */
    stuckPods: StuckPod[];
    /** Nodes that are not Ready. */
    unreadyNodes: Broken[];
    /** Flux's own controllers that do not run. */
    controllers: Broken[];
    nodes: NodeNetwork[];
    sources: FailingSource[];
    releases: UnreadyRelease[];
    /** Sources that are being fetched for the first time, or again after a change. */
    fetching: Unready[];
    /** Only with the gate for secrets. */
    secrets: SecretFinding[];
    /** What was not looked at, and why, as sentences. */
    notLookedAt: string[];
}
