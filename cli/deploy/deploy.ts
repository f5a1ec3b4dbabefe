import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { EngineResult } from "../../engine/collector.ts";
import type { Listener } from "../../engine/events.ts";
import { deployEmbedded } from "./embedded.ts";
import { deployWithPulumi } from "./pulumi.ts";

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

/** The `pulumi` executable on PATH, if there is one. */
export function findPulumi(env: NodeJS.ProcessEnv): string | undefined {
    return (env.PATH ?? "")
        .split(delimiter)
        .map(directory => join(directory, "pulumi"))
        .find(file => {
            try {
                accessSync(file, constants.X_OK);
                return true;
            } catch {
                return false;
            }
        });
}

function cacheDirectory(env: NodeJS.ProcessEnv): string {
    return env.CLEARPATH_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "clearpath");
}

function chosenEngine(
    choice: EngineChoice,
    env: NodeJS.ProcessEnv,
): { name: "embedded" } | { name: "pulumi"; executable: string } {
    if (choice === "embedded") return { name: "embedded" };
    const executable = findPulumi(env);
    if (executable !== undefined) return { name: "pulumi", executable };
    if (choice === "auto") return { name: "embedded" };
    throw new Error("There is no pulumi on PATH. Install the Pulumi CLI, or use --engine embedded.");
}

/**
 * Previews, updates, refreshes or destroys a stack. What goes wrong with the stack is in the result; an operation that
 * cannot begin (a locked stack, a wrong passphrase, a missing file) throws.
 */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
    const began = Date.now();
    const given = options.env ?? process.env;
    // Compiled code is kept between runs: starting a program costs a third less.
    const env = { NODE_COMPILE_CACHE: join(cacheDirectory(given), "compiled"), ...given };
    const settled = { ...options, env, cwd: resolve(options.cwd) };
    const engine = chosenEngine(options.engine, env);
    const result =
        engine.name === "embedded" ? await deployEmbedded(settled) : await deployWithPulumi(settled, engine.executable);
    return { ...result, engine: engine.name, seconds: (Date.now() - began) / 1000 };
}
