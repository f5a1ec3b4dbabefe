import { createHash } from "node:crypto";
import { posix } from "node:path";
import { z } from "zod";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { newOwnership, type Ownership } from "../host/owner.ts";
import { expectMachine, foundOwnership, isMachine, sessionIfThere, tellTakenFrom } from "../host/presence.ts";
import { type Answers, recordDirectory, runStep, type Step } from "../host/step.ts";
import { appliedAt, hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    path: z
        .string()
        .regex(/^\/[^\0\n]*[^\0\n/]$/, "must be an absolute path of a file, such as /etc/example.conf")
        .refine(path => posix.normalize(path) === path, "must be written without . and .. and double slashes")
        .describe("Absolute path of the file."),
    content: z
        .string()
        .refine(content => !content.includes("\0"), "must be text: a NUL byte cannot be sent")
        .describe("Text of the file."),
    mode: z
        .string()
        .regex(/^0?[0-7]{3,4}$/, 'must be octal digits, such as "0644"')
        .default("0644")
        .describe("Permissions, as octal digits."),
    owner: z.string().min(1).default("root").describe("User that owns the file."),
    group: z.string().min(1).default("root").describe("Group of the file."),
    adopt: z
        .boolean()
        .default(false)
        .describe(
            "Whether to take over a file that Clearpath did not write. A copy of it is kept and put back on delete.",
        ),
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    sha256: z.string().describe("SHA-256 of the file in hexadecimal digits; empty when it is missing."),
    foundSha256: z.string().nullable().describe("SHA-256 of the file that was there before; null when there was none."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;
type Written = Ownership & Pick<Outputs, "sha256">;

export const file = resourceKind({
    token: "clearpath:host:File",
    description: "A file on a host. A file that was there before is kept, and put back on delete.",
    idExample: "root@10.27.27.11:22/file/etc/example.conf",
    inputs,
    outputs,
    replaceOn: ["path"],
    ignoreInDiff: ["adopt"],
    stableOutputs: ["machineId", "ownerId", "foundSha256"],
    stale: ({ inputs, outputs }) => (outputs.sha256 === sha256(inputs.content) ? [] : ["sha256"]),
    inputsFromId: path => (path.startsWith("/file/") ? { path: path.slice("/file".length) } : undefined),
    idOf,
    async create(context, inputs) {
        return { id: idOf(inputs), outputs: await write(context, inputs, { ...newOwnership(context), sha256: "" }) };
    },
    async read(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return undefined;
        const answers = await runStep(session, { ...stepOf("read", inputs, outputs), readOnly: true });
        const ownership = foundOwnership(context, answers, outputs);
        if (ownership === undefined) return undefined;
        return {
            inputs: { ...inputs, ...inputsOnHost(answers, inputs) },
            outputs: {
                ...outputs,
                ...ownership,
                sha256: answers.sha256 ?? "",
                foundSha256: answers.foundSha256 ?? null,
            },
        };
    },
    update: (context, _id, olds, news) => write(context, news, olds.outputs),
    async delete(context, _id, { inputs, outputs }) {
        const session = await sessionIfThere(context, inputs.connection);
        if (session === undefined) return;
        isMachine(context, await runStep(session, stepOf("remove", inputs, outputs)), outputs.machineId);
    },
});

/** A file on a host. A file that was there before is kept, and put back on delete. */
export class File extends resourceClass(file) {}

function idOf({ connection, path }: Inputs): string {
    return `${hostOfConnection(connection)}/file${path}`;
}

const PROGRAM = new URL("./file.sh", import.meta.url);

async function write(context: OperationContext, inputs: Inputs, ownership: Written): Promise<Outputs> {
    const session = await context.session(inputs.connection);
    const answers = await runStep(session, stepOf("write", inputs, ownership));
    const machineId = expectMachine(session.host, answers, ownership.machineId);
    tellTakenFrom(context, answers, inputs.path);
    return {
        machineId,
        ownerId: ownership.ownerId,
        appliedAt: new Date().toISOString(),
        sha256: sha256(inputs.content),
        foundSha256: answers.foundSha256 ?? null,
    };
}

function stepOf(verb: "read" | "write" | "remove", inputs: Inputs, ownership: Written): Step {
    const { path, content = "", mode, owner, group, adopt } = inputs;
    return {
        name: `${verb} ${path}`,
        programs: [PROGRAM],
        values: {
            record: recordDirectory("file", path),
            owner_id: ownership.ownerId,
            expected_machine_id: ownership.machineId,
            our_sha256: ownership.sha256 ?? "",
            path,
            content,
            mode,
            owner,
            group,
            adopt,
        },
        call: `${verb}_file`,
    };
}

/** The file as the host has it. Modes are compared as numbers, so that 644 is no drift from 0644. */
function inputsOnHost(answers: Answers, inputs: Inputs): Partial<Inputs> {
    if (answers.content === undefined) return { content: "" };
    const { owner, group } = answers;
    const sameMode = Number.parseInt(answers.mode!, 8) === Number.parseInt(inputs.mode, 8);
    const mode = sameMode ? inputs.mode : answers.mode!.padStart(4, "0");
    return { content: answers.content.slice(0, -1), mode, owner, group };
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
