import { mkdir, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CouldNotRun } from "../exit.ts";
import { isOver, type RebuildState, readState } from "./state.ts";

/** Where a stack's rebuilds are kept, one directory each: beside the program, out of version control. */
export function runsDirectory(cwd: string, stack: string): string {
    return join(resolve(cwd), ".clearpath", "rebuild", stack);
}

/** Directories of a stack's rebuilds, the oldest first: their names are times. */
async function runsOf(runs: string): Promise<string[]> {
    const names = await readdir(runs).catch(() => []);
    const directories = await Promise.all(
        names.map(async name => ((await stat(join(runs, name))).isDirectory() ? name : null)),
    );
    return directories.filter(name => name !== null).sort();
}

/** The last rebuild of a stack, or undefined when there was none. */
export async function lastRun(runs: string): Promise<{ directory: string; state: RebuildState } | undefined> {
    const name = (await runsOf(runs)).at(-1);
    if (name === undefined) return undefined;
    const directory = join(runs, name);
    return { directory, state: await readState(directory) };
}

/** Makes the directory of a new rebuild. Only its owner may read it: it holds the output of the user's commands. */
export async function newRunDirectory(runs: string, startedAt: Date): Promise<string> {
    const directory = join(
        runs,
        startedAt
            .toISOString()
            .replace(/\.\d+Z$/, "Z")
            .replaceAll(":", "-"),
    );
    await mkdir(runs, { recursive: true });
    await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        throw new CouldNotRun(
            `${directory} cannot be created: ${error.message}. Nothing was done. Correct that, and run the command again.`,
        );
    });
    return directory;
}

export function isUnfinished(state: RebuildState): boolean {
    return !state.stages.every(isOver);
}
