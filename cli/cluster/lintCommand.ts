import { type Command, Option } from "commander";
import { BaselineNotReadable, hasBaseline, withoutKnown, writeBaseline } from "../../cluster/lint/baseline.ts";
import type { LintResult } from "../../cluster/lint/finding.ts";
import { formatGithub } from "../../cluster/lint/githubAnnotations.ts";
import { lint, NoMirrorGroups, PathNotReadable, SettingsNotReadable } from "../../cluster/lint/lint.ts";
import { formatText } from "../../cluster/lint/text.ts";
import { CouldNotRun, EXIT } from "../exit.ts";

interface Options {
    json?: boolean;
    github?: boolean;
    fix?: boolean;
    strict?: boolean;
    imageGroups?: string;
    bootstrap: string[];
    exclude: string[];
    baseline?: string;
}

/** `clearpath lint`: what in a Flux repository makes workloads wait for a secret provider, or a rebuild for the uplink. */
export function lintCommand(program: Command): void {
    program
        .command("lint")
        .description("Judge a Flux repository: what waits for secret providers, and what bootstrap does not check.")
        .argument(
            "<path...>",
            "Files or directories of Flux repositories; a part is judged within its whole repository",
        )
        .addOption(new Option("--json", "Write the findings as JSON").conflicts("github"))
        .option("--github", "Write GitHub workflow annotations")
        .option("--fix", "Rewrite what is safe to rewrite, and report what is left")
        .option("--strict", "Exit 1 for warnings too")
        .option(
            "--image-groups <file>",
            "Images that the mirrors hold: groups of images, K3s's registries.yaml, or plan",
        )
        .option("--bootstrap <name>", "A Kustomization that belongs to the bootstrap (repeatable)", collect, [])
        .option(
            "--exclude <pattern>",
            "What is not judged, as in .gitignore, from the repository's top (repeatable)",
            collect,
            [],
        )
        .option("--baseline <file>", "Report only what is not in this file; written on the first run")
        .action(async (paths: string[], options: Options) => {
            const found = await lint(paths, options).catch((error: unknown) => {
                const isInput = [PathNotReadable, NoMirrorGroups, SettingsNotReadable].some(
                    kind => error instanceof kind,
                );
                throw isInput ? new CouldNotRun((error as Error).message) : error;
            });
            const result = options.baseline === undefined ? found : compared(found, options.baseline);
            if (options.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
            else if (options.github) {
                process.stdout.write(formatGithub(result.findings, process.env.GITHUB_WORKSPACE ?? process.cwd()));
            } else process.stdout.write(formatText(result));

            const bad = options.strict ? ["error", "warning"] : ["error"];
            if (result.findings.some(({ severity }) => bad.includes(severity))) process.exitCode = EXIT.foundSomething;
        });
}

/** What is new since the baseline. Where there is none yet, it is written, and nothing is new. */
function compared(found: LintResult, path: string): LintResult {
    if (!hasBaseline(path)) {
        // A mistyped name in CI would otherwise pass for ever.
        if (process.env.CI)
            throw new CouldNotRun(`${path}: there is no baseline. Write it outside of CI and commit it.`);
        const known = writeBaseline(found, path);
        return { ...found, findings: found.findings.filter(({ severity }) => severity === "note"), known };
    }
    try {
        return withoutKnown(found, path);
    } catch (error) {
        throw error instanceof BaselineNotReadable ? new CouldNotRun(error.message) : error;
    }
}

function collect(value: string, before: string[]): string[] {
    return [...before, value];
}
