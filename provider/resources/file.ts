import { posix } from "node:path";
import { z } from "zod";
import { appliedAt, hostInputs, hostOutputs } from "../resource.ts";
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
        .describe("Whether to take over a file that is there and is not ours. It is kept and put back on delete."),
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    sha256: z.string().describe("SHA-256 of the content, in hexadecimal digits."),
    foundSha256: z.string().nullable().describe("SHA-256 of the file that was there before; null when there was none."),
});

export const file = {
    token: "clearpath:host:File",
    description: "A file on a host. What was there before is kept, and put back on delete.",
    inputs,
    outputs,
    replaceOn: ["path"],
    stableOutputs: ["machineId", "ownerId", "foundSha256"],
} as const;

/** A file on a host. What was there before is kept, and put back on delete. */
export class File extends resourceClass(file) {}
