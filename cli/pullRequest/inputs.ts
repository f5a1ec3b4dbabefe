import { readFile } from "node:fs/promises";
import { z } from "zod";
import { CouldNotRun } from "../exit.ts";

/** What `clearpath preview --json` prints, as far as a comment needs it. */
export const PreviewResult = z.object({
    ok: z.boolean(),
    changes: z.int(),
    violations: z.array(z.object({ policy: z.string(), level: z.string(), urn: z.string(), message: z.string() })),
    diagnostics: z.array(z.object({ severity: z.string(), message: z.string() })),
});
export type PreviewResult = z.infer<typeof PreviewResult>;

/** What `clearpath lint --json` prints. */
export const LintFindings = z.object({
    findings: z.array(
        z.object({
            rule: z.string(),
            severity: z.string(),
            file: z.string(),
            line: z.int(),
            message: z.string(),
            chain: z.array(z.string()),
        }),
    ),
});
export type LintFindings = z.infer<typeof LintFindings>;

/** The part of a `pull_request` event that a comment needs. Source: GitHub's webhook payload of that event. */
export const PullRequestEvent = z.object({
    pull_request: z.object({ number: z.int().positive(), head: z.object({ sha: z.string() }) }),
    repository: z.object({ name: z.string().min(1), owner: z.object({ login: z.string().min(1) }) }),
});
export type PullRequestEvent = z.infer<typeof PullRequestEvent>;

/** Reads a JSON file of a known form. Throws `CouldNotRun` that says what the file should be. */
export async function readJson<T>(file: string, schema: z.ZodType<T>, what: string): Promise<T> {
    const refuse = (why: string) =>
        new CouldNotRun(`${file} ${why}. No comment was written. Give a file with ${what}.`);
    const text = await readFile(file, "utf8").catch((error: Error) => {
        throw refuse(`cannot be read: ${error.message}`);
    });
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (error) {
        throw refuse(`is not JSON: ${(error as Error).message}`);
    }
    const checked = schema.safeParse(json);
    if (checked.success) return checked.data;
    const { path, message } = checked.error.issues[0]!;
    throw refuse(`has another form: ${path.join(".") || "its top"}: ${message}`);
}
