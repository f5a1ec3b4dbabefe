import type { Diff } from "../protocol/diff.ts";
import type { ResourceState } from "../state/resource.ts";

/** A resource stays as it is. Untargeted ones are only carried over; a skipped creation leaves nothing in the state. */
export interface SameStep {
    op: "same";
    old: ResourceState;
    made: ResourceState;
    untargeted: boolean;
    skippedCreation: boolean;
}

export interface CreateStep {
    op: "create";
    made: ResourceState;
}

export interface UpdateStep {
    op: "update";
    old: ResourceState;
    made: ResourceState;
    diff: Diff;
}

/** Makes the new one of a replacement. The old one goes at the end of the run, or went before. */
export interface CreateReplacementStep {
    op: "create-replacement";
    old: ResourceState;
    made: ResourceState;
    diff: Diff;
    deleteOldLater: boolean;
}

/** Does nothing: it tells that a resource is replaced. */
export interface ReplaceStep {
    op: "replace";
    old: ResourceState;
    made: ResourceState;
    diff: Diff;
}

export interface DeleteStep {
    op: "delete";
    old: ResourceState;
}

/** Deletes the old one of a replacement. `beforeCreation`: its successor is made right after, so the state keeps it till then. */
export interface DeleteReplacedStep {
    op: "delete-replaced";
    old: ResourceState;
    beforeCreation: boolean;
}

/** Forgets a resource that was deleted for a replacement which the program no longer asks for. */
export interface RemovePendingReplaceStep {
    op: "remove-pending-replace";
    old: ResourceState;
}

export type Step =
    | SameStep
    | CreateStep
    | UpdateStep
    | CreateReplacementStep
    | ReplaceStep
    | DeleteStep
    | DeleteReplacedStep
    | RemovePendingReplaceStep;

/** The state a step works on: the new one where there is one. */
export function subjectOf(step: Step): ResourceState {
    return "made" in step ? step.made : step.old;
}
