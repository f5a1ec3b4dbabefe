import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { deployEmbedded } from "./embeddedEngine.ts";
import type { DeployOptions, DeployResult, EngineChoice } from "./options.ts";
import { deployWithPulumi } from "./pulumiCli.ts";

export type { DeployOptions, DeployResult, EngineChoice, Operation } from "./options.ts";

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
    throw new Error("There is no pulumi on PATH. Nothing was done. Install the Pulumi CLI, or use --engine embedded.");
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
