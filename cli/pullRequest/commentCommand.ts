import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { readEvidence, requireWritable, writeWhole } from "../evidence/file.ts";
import { CouldNotRun } from "../exit.ts";
import { commentText, markerOf } from "./comment.ts";
import { LintFindings, PreviewResult, PullRequestEvent, readJson } from "./inputs.ts";

interface Flags {
    stack: string;
    preview?: string;
    diff?: string;
    lint?: string;
    evidence?: string;
    before?: string;
    out?: string;
    post?: boolean;
    author: string;
    json?: boolean;
}

/** Adds `clearpath comment`. */
export function commentCommand(program: Command): void {
    program
        .command("comment")
        .description(
            "Write one comment that shows what a pull request would change: preview, diff, lint findings and the latest evidence.",
        )
        .requiredOption("-s, --stack <name>", "stack the comment is about; each stack has a comment of its own")
        .option("--preview <file>", "what clearpath preview --json printed")
        .option("--diff <file>", "what clearpath preview showed")
        .option("--lint <file>", "what clearpath lint --json printed")
        .option("--evidence <file>", "evidence file of the latest run of probes")
        .option("--before <file>", "evidence file of an earlier run, which the latest is compared with")
        .option("--out <file>", "write the comment to this file")
        .option(
            "--post",
            "post it on the pull request in GITHUB_EVENT_PATH, with GITHUB_TOKEN; the next run updates the same comment",
        )
        .option(
            "--author <login>",
            "login of the token's user, by which the comment is found again",
            "github-actions[bot]",
        )
        .option("--json", "print the comment and its address as one JSON object")
        .addHelpText(
            "after",
            "\nExit code 0: the comment was written, also when it shows a failure. 2: wrong usage. 3: could not run.",
        )
        .action(run);
}

async function run(flags: Flags): Promise<void> {
    if (flags.out !== undefined) await requireWritable(flags.out);
    const posting = flags.post ? await postingFrom(flags.author) : undefined;
    const { stack } = flags;
    const text = commentText({
        stack,
        preview:
            flags.preview === undefined
                ? undefined
                : await readJson(flags.preview, PreviewResult, "what clearpath preview --json printed"),
        diff: flags.diff === undefined ? undefined : await textOf(flags.diff),
        lint:
            flags.lint === undefined
                ? undefined
                : await readJson(flags.lint, LintFindings, "what clearpath lint --json printed"),
        evidence: flags.evidence === undefined ? undefined : await readEvidence(flags.evidence),
        before: flags.before === undefined ? undefined : await readEvidence(flags.before),
        footer: footerFrom(process.env, posting?.event),
    });
    if (flags.out !== undefined) await writeWhole(flags.out, text);
    const posted = posting && (await (await import("./post.ts")).postComment(text, markerOf(stack), posting));
    if (flags.json) process.stdout.write(`${JSON.stringify({ text, posted: posted ?? null }, null, 2)}\n`);
    else if (posted) process.stdout.write(`Comment ${posted.action}: ${posted.url}\n`);
    else if (flags.out === undefined) process.stdout.write(text);
}

async function textOf(file: string): Promise<string> {
    return readFile(file, "utf8").catch((error: Error) => {
        throw new CouldNotRun(`${file} cannot be read: ${error.message}. Give what clearpath preview showed.`);
    });
}

async function postingFrom(author: string) {
    const { GITHUB_EVENT_PATH, GITHUB_TOKEN, GITHUB_API_URL } = process.env;
    if (!GITHUB_EVENT_PATH || !GITHUB_TOKEN)
        throw new CouldNotRun(
            "--post needs GITHUB_EVENT_PATH and GITHUB_TOKEN, which a job on GitHub has. Nothing was posted. Set both, or leave out --post.",
        );
    const event = await readJson(GITHUB_EVENT_PATH, PullRequestEvent, "the event of a pull request");
    return { event, token: GITHUB_TOKEN, apiUrl: GITHUB_API_URL || "https://api.github.com", author };
}

/** Which commit it is about, and where its run can be looked at. */
function footerFrom(env: NodeJS.ProcessEnv, event: PullRequestEvent | undefined): string | undefined {
    const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = env;
    const commit = event && `Commit ${event.pull_request.head.sha.slice(0, 12)}`;
    const run =
        GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID
            ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
            : undefined;
    return [commit, run].filter(Boolean).join(", ") || undefined;
}
