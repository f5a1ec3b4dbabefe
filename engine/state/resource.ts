import { parseReference } from "../protocol/urn.ts";
import type { PropertyMap } from "../protocol/values.ts";

/** Longest times of a resource's operations, in seconds; 0 leaves it to the plugin. */
export interface Timeouts {
    create: number;
    update: number;
    delete: number;
    read: number;
}

/** What the engine knows of one resource: the entry in the state, under the names the state uses. */
export interface ResourceState {
    urn: string;
    type: string;
    /** Managed by a plugin; components are not. */
    custom: boolean;
    id: string | undefined;
    inputs: PropertyMap;
    outputs: PropertyMap;
    parent: string | undefined;
    /** `URN::ID` of the provider. */
    provider: string | undefined;
    dependencies: string[];
    propertyDependencies: Record<string, string[]>;
    protect: boolean;
    retainOnDelete: boolean;
    /** Replaced already, and waiting for its own deletion. */
    delete: boolean;
    /** Deleted already for a replacement, and waiting for its creation. */
    pendingReplacement: boolean;
    additionalSecretOutputs: string[];
    aliases: string[];
    ignoreChanges: string[];
    replaceOnChanges: string[];
    customTimeouts: Timeouts;
    /** Why the last create or update left it half made. */
    initErrors: string[];
    created: string | undefined;
    modified: string | undefined;
}

/** A change that was under way when the state was written. */
export interface PendingOperation {
    resource: ResourceState;
    type: "creating" | "updating" | "deleting" | "reading";
}

export const NO_TIMEOUTS: Timeouts = { create: 0, update: 0, delete: 0, read: 0 };

/** URNs that a resource cannot exist without, its parent left out: provider, dependencies, dependencies of properties. */
export function dependenciesOf(resource: ResourceState): Set<string> {
    const urns = new Set([...resource.dependencies, ...Object.values(resource.propertyDependencies).flat()]);
    if (resource.provider !== undefined) urns.add(parseReference(resource.provider).urn);
    return urns;
}
