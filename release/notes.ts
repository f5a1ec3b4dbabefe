import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../cli/root.ts";

/**
 * The section of a changelog in the Keep-a-Changelog form that tells of one version, without its heading and without the
 * links at the end of the file. Throws a RangeError where there is none, or where it is empty.
 */
export function notesOf(changelog: string, version: string): string {
    const lines = changelog.split("\n");
    const first = lines.findIndex(line => line === `## [${version}]` || line.startsWith(`## [${version}] `));
    if (first === -1)
        throw new RangeError(
            `CHANGELOG.md has no section "## [${version}]". Nothing was released. Rename "## [Unreleased]" to it, with the date.`,
        );
    const rest = lines.slice(first + 1);
    const end = rest.findIndex(line => /^## /.test(line) || /^\[[^\]]+\]: /.test(line));
    const notes = (end === -1 ? rest : rest.slice(0, end)).join("\n").trim();
    if (notes === "")
        throw new RangeError(
            `The section of ${version} in CHANGELOG.md is empty. Nothing was released. Write what changed.`,
        );
    return `${notes}\n`;
}

/** The version that a tag such as `v1.2.3` releases. Throws a RangeError where package.json has another one. */
export function versionOfTag(tag: string, packageVersion: string): string {
    const version = /^v(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(tag)?.[1];
    if (version === undefined)
        throw new RangeError(`The tag ${tag} names no version. Nothing was released. Name it like v${packageVersion}.`);
    if (version !== packageVersion)
        throw new RangeError(
            `The tag is ${tag} and package.json has version ${packageVersion}. Nothing was released. Make both the same.`,
        );
    return version;
}

// node release/notes.ts TAG: prints the notes of the version that the tag releases.
if (import.meta.main) {
    const { positionals } = parseArgs({ allowPositionals: true });
    const read = (file: string) => readFileSync(join(repositoryRoot, file), "utf8");
    try {
        const version = versionOfTag(positionals[0] ?? "", JSON.parse(read("package.json")).version);
        process.stdout.write(notesOf(read("CHANGELOG.md"), version));
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\n`);
        process.exitCode = 1;
    }
}
