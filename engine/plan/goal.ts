import type { PropertyMap } from "../protocol/values.ts";
import type { Timeouts } from "../state/resource.ts";

/** What the program wants one resource to be. */
export interface Goal {
    type: string;
    name: string;
    custom: boolean;
    inputs: PropertyMap;
    parent: string | undefined;
    /** `URN::ID` of the provider; undefined for components and for providers. */
    provider: string | undefined;
    dependencies: string[];
    propertyDependencies: Record<string, string[]>;
    /** Undefined: not said, so the parent's or the plugin's word holds. */
    protect: boolean | undefined;
    retainOnDelete: boolean | undefined;
    deleteBeforeReplace: boolean | undefined;
    ignoreChanges: string[];
    replaceOnChanges: string[];
    additionalSecretOutputs: string[];
    /** URNs the resource may have had, the parents' old names multiplied out. */
    aliases: string[];
    customTimeouts: Timeouts;
}
