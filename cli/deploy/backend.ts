import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Unsupported } from "../../engine/protocol/unsupported.ts";

/** Directory of a project's states where no backend is named: beside the program, out of version control. */
export function ownStateDirectory(cwd: string): string {
    return join(resolve(cwd), ".clearpath", "state");
}

/** The directory of a `file://` backend: absolute, under `~`, or relative to the project as with `pulumi login`. */
function directoryOf(url: string, cwd: string): string {
    const path = url.slice("file://".length);
    if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
    return resolve(cwd, path);
}

/** Where a run keeps the stack's state. */
export interface StateChoice {
    stateDir: string | undefined;
    cwd: string;
    env: NodeJS.ProcessEnv;
    /** `backend.url` of Pulumi.yaml. */
    projectBackend: string | undefined;
}

/**
 * The directory with the stacks' states: the one given, else Pulumi's PULUMI_BACKEND_URL, else the project's backend,
 * else our own. Throws `Unsupported` for a backend that is not a directory.
 */
export function stateDirectory({ stateDir, cwd, env, projectBackend }: StateChoice): string {
    if (stateDir !== undefined) return resolve(stateDir);
    const url = env.PULUMI_BACKEND_URL || projectBackend;
    if (!url) return ownStateDirectory(cwd);
    if (!url.startsWith("file://")) throw new Unsupported(`the backend ${url}`, "The stack");
    return directoryOf(url, cwd);
}
