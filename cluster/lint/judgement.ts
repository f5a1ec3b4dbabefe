import type { Finding } from "./finding.ts";
import type { HealthCheck, ReadyKind } from "./fix/healthCheck.ts";
import type { FluxKustomization } from "./flux/kustomization.ts";
import type { AsksProvider } from "./flux/provider.ts";
import type { Waiting } from "./flux/waiting.ts";
import type { MirrorGroup } from "./images/mirrorGroups.ts";
import type { FilePlace } from "./kustomize/refusal.ts";
import type { KubernetesObject } from "./object.ts";
import type { Repository } from "./repository/repository.ts";
import type { Located, Place } from "./yaml/document.ts";

/** All that rules judge. */
export interface Subject {
    repository: Repository;
    kustomizations: FluxKustomization[];
    /** Flux Kustomizations that no root of the repository applies; no rule judges them. */
    unapplied: KubernetesObject[];
    waiting: Waiting;
    /** Whether readiness of a store, or of what syncs through one, depends on a provider outside of the cluster. */
    asksProvider: AsksProvider;
    /** Undefined: nobody said which images the mirrors hold. */
    mirrorGroups: MirrorGroup[] | undefined;
    /** Names, or `namespace/name`, of Kustomizations that a cluster needs before it can do anything else. */
    bootstrap: readonly string[];
}

/** A finding, before its place is spelt out for the caller. */
export interface Judgement extends Omit<Finding, "file" | "line" | "waiters" | "notFixed"> {
    at: Place | FilePlace;
    /** Others that wait for the same cause. */
    waiters?: { at: Place; object: string; chain: string[] }[];
    /** What `--fix` may do about it; a sentence where only a person can decide. */
    repair?: Repair | string;
}

/** A change to a Flux Kustomization that keeps what it means, but for what the finding is about. */
export interface Repair {
    kustomization: FluxKustomization;
    change:
        | { type: "drop"; list: "healthChecks" | "healthCheckExprs"; entry: Located }
        | { type: "take-as-ready"; kinds: ReadyKind[] }
        | { type: "replace-wait"; checks: HealthCheck[] }
        | { type: "add-check"; check: HealthCheck };
}

/** One rule: what it finds in a repository. */
export type Rule = (subject: Subject) => Judgement[];
