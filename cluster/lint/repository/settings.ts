import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";

/** The file is there and says something that lint does not take; the message says where. */
export class SettingsNotReadable extends Error {
    override name = "SettingsNotReadable";
}

/** What a repository says about itself in `.clearpath.yaml` at its top. */
const settings = z.strictObject({
    lint: z
        .strictObject({
            exclude: z.array(z.string()).default([]).describe("Patterns as in .gitignore, of what is not judged."),
        })
        .default({ exclude: [] }),
});

export const settingsFile = ".clearpath.yaml";

/** Without a file, nothing is excluded. Throws SettingsNotReadable. */
export function readSettings(top: string): { exclude: string[] } {
    const path = join(top, settingsFile);
    if (!existsSync(path)) return { exclude: [] };
    const document = parseDocument(readFileSync(path, "utf8"), { logLevel: "silent", prettyErrors: false });
    const problem = document.errors[0];
    if (problem) throw new SettingsNotReadable(`${path}: not readable as YAML: ${problem.message}`);
    const result = settings.safeParse(document.toJS() ?? {});
    if (result.success) return result.data.lint;
    const [issue] = result.error.issues;
    throw new SettingsNotReadable(
        `${path}: ${issue?.path.join(".") || "the file"}: ${issue?.message}. It takes "lint: { exclude: [PATTERN, ...] }".`,
    );
}
