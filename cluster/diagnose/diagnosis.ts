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
    /** `namespace/name` of pods that wait for it now. None: it has been pulled since. */
    waitingPods: string[];
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
    unreadyDependents: string[];
    /** `acceptable`: an artifact is cached and everything that depends on it is Ready. */
    effect: "acceptable" | "unused" | "blocks";
}

export interface UnreadyRelease extends Unready {
    /** `stalled`: not Ready. `progressing`: still at work. */
    state: "stalled" | "progressing";
    /** What explains it: other findings, so that nobody looks for the cause here. */
    because: string[];
}

export interface SecretFinding extends Unready {
    /** `blocks`: the generated Secret is missing or empty. `stale`: it is there, from an earlier sync. `store`: live validation only. */
    effect: "blocks" | "stale" | "store";
}

/** What blocks most, and whose fault it is. */
export interface Conclusion {
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
    nodes: NodeNetwork[];
    sources: FailingSource[];
    releases: UnreadyRelease[];
    /** Only with the gate for secrets. */
    secrets: SecretFinding[];
}
