import type { EngineResult } from "../../engine/engine.ts";
import type { DeployOptions } from "./deploy.ts";

export async function deployWithPulumi(
    _options: DeployOptions & { env: NodeJS.ProcessEnv },
    executable: string,
): Promise<EngineResult> {
    throw new Error(`${executable} cannot be driven yet. Use --engine embedded.`);
}
