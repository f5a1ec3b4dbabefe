import type { EngineResult } from "../../engine/collector.ts";
import type { Listener } from "../../engine/protocol/events.ts";

export type Operation = "preview" | "up" | "refresh" | "destroy";

/** Which engine runs a program: `auto` takes the Pulumi CLI where it is on PATH, and the embedded one elsewhere. */
export type EngineChoice = "auto" | "pulumi" | "embedded";

export interface DeployOptions {
    operation: Operation;
    stack: string;
    /** Directory of Pulumi.yaml. */
    cwd: string;
    engine: EngineChoice;
    /** Read the hosts first, so that drift is found and repaired. */
    refresh?: boolean;
    /** Update without a preview. Policies then judge each resource only as its turn comes. */
    skipPreview?: boolean;
    /** A refresh forgets creations that an earlier run never finished. */
    clearPendingCreates?: boolean;
    /** URNs the run is limited to. */
    targets?: string[];
    /** Fail when anything changes, or would. */
    expectNoChanges?: boolean;
    /** Directories of policy packs. */
    policyPacks: string[];
    /** JSON file with the policies' settings, for every pack. */
    policyPackConfig?: string;
    /** How many resources may be worked on at once. */
    parallel?: number;
    /** Directory with the stacks' states; default: PULUMI_BACKEND_URL, the project's backend, or `.clearpath/state`. */
    stateDir?: string;
    /** Opens the stack's secrets; default: PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE. */
    passphrase?: string;
    /** Environment of the run; default: ours. */
    env?: NodeJS.ProcessEnv;
    onEvent?: Listener;
    /** Asked with the preview before anything is done; without it, nothing is asked. */
    confirm?: (proposed: EngineResult) => Promise<boolean>;
    /** Cancels the run: nothing new is begun, and what was done is kept. */
    signal?: AbortSignal;
}

/** What a run did, or in a preview would do. The same from both engines. */
export interface DeployResult extends EngineResult {
    engine: "pulumi" | "embedded";
    /** How long the run took. */
    seconds: number;
}
