import { mkdir, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkDeployment, type SerializedDeployment } from "./deploymentFile.ts";
import { Unsupported } from "./unsupported.ts";

/** Names one stack: its directory of states, its project and its name. */
export interface StackPlace {
    /** Directory that holds `.pulumi`, as in `pulumi login file://DIRECTORY`. */
    stateDirectory: string;
    project: string;
    stack: string;
}

/** Pulumi's file backend has one organization of this name. */
export const ORGANIZATION = "organization";

/** Where Pulumi's own file backend keeps a stack's state. */
export function stateFileOf({ stateDirectory, project, stack }: StackPlace): string {
    return join(stateDirectory, ".pulumi", "stacks", project, `${stack}.json`);
}

async function exists(path: string): Promise<boolean> {
    return stat(path).then(
        () => true,
        () => false,
    );
}

/** The stack's deployment, or undefined when it has none yet. Throws `Unsupported` for formats this engine cannot read. */
export async function readState(place: StackPlace): Promise<SerializedDeployment | undefined> {
    const file = stateFileOf(place);
    if (await exists(`${file}.gz`)) throw new Unsupported("compressed state", `The state in ${file}.gz`);
    if (!(await exists(file))) return undefined;
    const { version, checkpoint, features } = JSON.parse(await readFile(file, "utf8"));
    if (version !== 3 || features?.length > 0) {
        throw new Unsupported(
            `state version ${version} ${(features ?? []).join(", ")}`.trimEnd(),
            `The state in ${file}`,
        );
    }
    return checkpoint.latest === undefined || checkpoint.latest === null
        ? undefined
        : checkDeployment(checkpoint.latest, file);
}

/** Marks the directory as one of Pulumi's current layout, which `pulumi` checks before it reads stacks. */
async function writeLayout(stateDirectory: string): Promise<void> {
    const meta = join(stateDirectory, ".pulumi", "meta.yaml");
    if (!(await exists(meta))) await writeFile(meta, "version: 1\n");
}

/** Writes the deployment so that a reader, or a crash, finds either the old state or the new one, never a part of it. */
export async function writeState(place: StackPlace, deployment: SerializedDeployment): Promise<void> {
    const file = stateFileOf(place);
    const checkpoint = { stack: `${ORGANIZATION}/${place.project}/${place.stack}`, latest: deployment };
    await mkdir(dirname(file), { recursive: true });
    await writeLayout(place.stateDirectory);
    const staging = `${file}.${process.pid}.new`;
    const handle = await open(staging, "w", 0o600);
    try {
        await handle.writeFile(`${JSON.stringify({ version: 3, checkpoint }, undefined, 4)}\n`);
        await handle.sync();
    } finally {
        await handle.close();
    }
    await rename(staging, file);
}
