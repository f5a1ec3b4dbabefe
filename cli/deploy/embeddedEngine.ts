import { resolve } from "node:path";
import type { EngineResult } from "../../engine/collector.ts";
import { runEngine } from "../../engine/engine.ts";
import { projectIdentity } from "../../engine/stack/project.ts";
import { stateDirectory } from "./backend.ts";
import type { DeployOptions } from "./options.ts";
import { idOfCreation } from "./unfinished.ts";

/** Runs an operation with the embedded engine. */
export async function deployEmbedded(options: DeployOptions & { env: NodeJS.ProcessEnv }): Promise<EngineResult> {
    const { cwd, env, policyPackConfig, policyPacks, stateDir } = options;
    const configFile = policyPackConfig === undefined ? undefined : resolve(policyPackConfig);
    const project = await projectIdentity(cwd);
    return runEngine({
        operation: options.operation,
        directory: cwd,
        stack: options.stack,
        stateDirectory: stateDirectory({ stateDir, cwd, env, projectBackend: project.backendUrl }),
        passphrase: options.passphrase,
        refresh: options.refresh,
        skipPreview: options.skipPreview,
        clearPendingCreates: options.clearPendingCreates,
        idOfCreation,
        targets: options.targets,
        expectNoChanges: options.expectNoChanges,
        policyPacks: policyPacks.map(directory => ({ directory: resolve(directory), configFile })),
        parallel: options.parallel,
        confirm: options.confirm,
        env,
        onEvent: options.onEvent,
        signal: options.signal,
    });
}
