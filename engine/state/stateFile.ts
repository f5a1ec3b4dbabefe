import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { Unsupported } from "../protocol/unsupported.ts";
import { checkDeployment, type SerializedDeployment } from "./deploymentFile.ts";
import { replaceFile } from "./replaceFile.ts";

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
    const { version, checkpoint, features } = parseState(await readFile(file, "utf8"), file);
    if (version !== 3 || (features?.length ?? 0) > 0) {
        throw new Unsupported(
            `state version ${version} ${(features ?? []).join(", ")}`.trimEnd(),
            `The state in ${file}`,
        );
    }
    return checkpoint.latest === undefined || checkpoint.latest === null
        ? undefined
        : checkDeployment(checkpoint.latest, file);
}

/** What a state file holds at its top, as Pulumi's file backend lays it out. */
const stateSchema = z.looseObject({
    version: z.int(),
    checkpoint: z.looseObject({ latest: z.unknown() }),
    features: z.array(z.string()).optional(),
});

function parseState(text: string, file: string): z.infer<typeof stateSchema> {
    const advice = "Nothing was done. Put back a copy of the file, or import a file that `pulumi stack export` wrote.";
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (error) {
        throw new Error(`The state in ${file} is cut off or damaged: ${(error as Error).message}. ${advice}`);
    }
    const parsed = stateSchema.safeParse(json);
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0]!;
    throw new Error(`${file} is not a Pulumi state: ${path.join(".") || "its top"}: ${message}. ${advice}`);
}

/** Marks the directory as one of Pulumi's current layout, which `pulumi` checks before it reads stacks. */
async function writeLayout(stateDirectory: string): Promise<void> {
    const meta = join(stateDirectory, ".pulumi", "meta.yaml");
    if (!(await exists(meta))) await replaceFile(meta, "version: 1\n", { mode: 0o644 });
}

/** Writes the deployment so that a reader, or a crash, finds either the old state or the new one, never a part of it. */
export async function writeState(place: StackPlace, deployment: SerializedDeployment): Promise<void> {
    const file = stateFileOf(place);
    const checkpoint = { stack: `${ORGANIZATION}/${place.project}/${place.stack}`, latest: deployment };
    await mkdir(dirname(file), { recursive: true });
    await writeLayout(place.stateDirectory);
    const text = `${JSON.stringify({ version: 3, checkpoint }, undefined, 4)}\n`;
    // The stack's lock lets one run write at a time.
    await replaceFile(file, text, { mode: 0o600, stagedAs: `${basename(file)}.new` });
}
