import type { ResourceState } from "../state/resource.ts";

/** What the plan has decided for URNs so far. */
export interface Decisions {
    created: Set<string>;
    same: Set<string>;
    updated: Set<string>;
    replaced: Set<string>;
    /** Deleted, or about to be; a resource that is registered later under the same URN is created again. */
    condemned: Set<string>;
    /** The states behind `condemned` that a replacement took with it. */
    condemnedStates: Set<ResourceState>;
    /** Not created because the run is limited to other targets. */
    skipped: Set<string>;
}
