import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "../../cli/root.ts";
import { recordedPath } from "../unit/cli/evidence/runs.ts";
import { type GitHub, startGitHub } from "../unit/cli/pullRequest/gitHub.ts";

const ACTION = join(repositoryRoot, ".github", "actions", "preview");

let gitHub: GitHub;
let directory: string;

/** A repository of a user's: a stack and its program, and a Flux repository with something to find. */
beforeEach(async () => {
    gitHub = await startGitHub();
    directory = await mkdtemp(join(tmpdir(), "pull-request-"));
    for (const name of ["Pulumi.yaml", "Pulumi.dev.yaml"]) await cp(join(repositoryRoot, name), join(directory, name));
    for (const name of ["index.ts", "components", "network", "provider", "cluster", "node_modules", "package.json"])
        await symlink(join(repositoryRoot, name), join(directory, name));
    await cp(join(repositoryRoot, "test/unit/cluster/lint/fixtures/store-in-health-checks"), join(directory, "flux"), {
        recursive: true,
    });
    await writeFile(
        join(directory, "event.json"),
        JSON.stringify({
            pull_request: { number: 7, head: { sha: "0123456789abcdef0123" } },
            repository: { name: "cluster", owner: { login: "me" } },
        }),
    );
});
afterEach(async () => {
    await gitHub.stop();
    await rm(directory, { recursive: true, force: true });
});

/** Runs the action's one step as GitHub does: its inputs put into its variables, its script run by bash. */
async function runAction(
    given: Record<string, string>,
): Promise<{ code: number | null; output: string; summary: string }> {
    const { inputs, runs } = parse(await readFile(join(ACTION, "action.yml"), "utf8"));
    const [step] = runs.steps as { run: string; env: Record<string, string> }[];
    const inputOf = (name: string) => given[name] ?? inputs[name].default;
    const variables = Object.entries(step!.env).map(([name, value]) => [
        name,
        value.replace(/\$\{\{ inputs\.([\w-]+) \}\}/, (_, input: string) => inputOf(input)),
    ]);
    const summary = join(directory, "summary.md");
    await writeFile(summary, "");
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step!.run], {
        cwd: directory,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
            ...process.env,
            GITHUB_ACTION_PATH: ACTION,
            GITHUB_EVENT_PATH: join(directory, "event.json"),
            GITHUB_API_URL: gitHub.url,
            GITHUB_STEP_SUMMARY: summary,
            GITHUB_WORKSPACE: directory,
            // For a Pulumi CLI on PATH, which the embedded engine is not asked for then.
            PULUMI_BACKEND_URL: `file://${directory}`,
            ...Object.fromEntries(variables),
        },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", chunk => (output += chunk));
    const code = await new Promise<number | null>(resolve => child.once("close", resolve));
    return { code, output, summary: await readFile(summary, "utf8") };
}

test("a pull request has one comment, which follows what is pushed to it", async () => {
    const given = { stack: "dev", token: "t0ken", evidence: recordedPath("after"), before: recordedPath("before") };
    const first = await runAction(given);
    expect(first.code, first.output).toBe(0);
    expect(gitHub.comments).toHaveLength(1);
    const { body } = gitHub.comments[0]!;
    expect(body).toMatch(/✅ \d+ changes to make/);
    expect(body).toContain("create NftTable");
    expect(body).toContain("The way out is clear");
    expect(first.summary).toContain("changes to make");

    // Somebody pushes a node MTU that the policy pack refuses, and a Flux repository that waits for a store.
    const settings = await readFile(join(repositoryRoot, "Pulumi.dev.yaml"), "utf8");
    await writeFile(join(directory, "Pulumi.dev.yaml"), settings.replace("nodeMtu: 1400", "nodeMtu: 1500"));
    const second = await runAction({ ...given, lint: "flux" });
    expect(second.code, second.output).toBe(1);
    expect(gitHub.comments).toHaveLength(1);
    expect(gitHub.comments[0]!.body).toContain("❌ Refused by policy");
    expect(gitHub.comments[0]!.body).toContain("node-mtu-safe");
    expect(gitHub.comments[0]!.body).toContain("store-in-health-checks");
    expect(second.output).toContain("::error file=");
});

test("without a token the comment is in the job's summary, and nothing is asked of GitHub", async () => {
    const { code, summary, output } = await runAction({ stack: "dev" });

    expect(code, output).toBe(0);
    expect(summary).toContain("changes to make");
    expect(gitHub.requests).toBe(0);
});
