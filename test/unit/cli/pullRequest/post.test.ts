import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CouldNotRun } from "../../../../cli/exit.ts";
import { markerOf } from "../../../../cli/pullRequest/comment.ts";
import { commentCommand } from "../../../../cli/pullRequest/commentCommand.ts";
import { type GitHub, startGitHub } from "./gitHub.ts";

let gitHub: GitHub;
let directory: string;

beforeEach(async () => {
    gitHub = await startGitHub();
    directory = await mkdtemp(join(tmpdir(), "comment-"));
    await writeFile(
        join(directory, "event.json"),
        JSON.stringify({
            action: "synchronize",
            pull_request: { number: 7, head: { sha: "0123456789abcdef0123" } },
            repository: { name: "cluster", owner: { login: "me" } },
        }),
    );
});
afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await gitHub.stop();
    await rm(directory, { recursive: true, force: true });
});

/** Runs `clearpath comment` as a job on GitHub would, and gives what it prints. */
async function comment(args: string[], eventPath = join(directory, "event.json")): Promise<string> {
    vi.stubEnv("GITHUB_EVENT_PATH", eventPath);
    vi.stubEnv("GITHUB_TOKEN", "t0ken");
    vi.stubEnv("GITHUB_API_URL", gitHub.url);
    const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const program = new Command().exitOverride();
    commentCommand(program);
    await program.parseAsync(["node", "clearpath", "comment", ...args]);
    const output = printed.mock.calls.map(([text]) => String(text)).join("");
    printed.mockRestore();
    return output;
}

const post = (stack = "dev") => comment(["--stack", stack, "--post", "--json"]);
const posted = async (stack?: string) => JSON.parse(await post(stack)).posted.action;

test("the first run makes the comment, the next ones update it, and each stack has its own", async () => {
    await gitHub.add("someone", "a word about it");

    expect(await posted()).toBe("created");
    await writeFile(
        join(directory, "preview.json"),
        JSON.stringify({ ok: true, changes: 1, violations: [], diagnostics: [] }),
    );
    const second = await comment(["--stack", "dev", "--preview", join(directory, "preview.json"), "--post"]);
    expect(second).toMatch(/^Comment updated: http/);
    expect(await posted("home")).toBe("created");

    expect(gitHub.comments.map(({ login }) => login)).toEqual([
        "someone",
        "github-actions[bot]",
        "github-actions[bot]",
    ]);
    expect(gitHub.comments[1]!.body).toContain("✅ 1 change to make");
    expect(gitHub.comments[1]!.body).toContain("Commit 0123456789ab");
});

test("a comment that says the same is not written again", async () => {
    await post();
    expect(await posted()).toBe("unchanged");
    expect(gitHub.writes).toBe(1);
});

test("the comment is found behind hundreds of others", async () => {
    for (let index = 0; index < 250; index++) await gitHub.add("someone", `word ${index}`);
    await post();
    for (let index = 0; index < 250; index++) await gitHub.add("someone", `later ${index}`);

    expect(await posted()).toBe("unchanged");
});

test("somebody else's comment with the same mark is left alone", async () => {
    await gitHub.add("mallory", `${markerOf("dev")}\nmine`);

    expect(await posted()).toBe("created");
    expect(gitHub.comments[0]!.body).toBe(`${markerOf("dev")}\nmine`);
});

test("a token that may not write is told of, by what it needs", async () => {
    gitHub.refuse(403, "Resource not accessible by integration");
    const failure = await post().catch(error => error);

    expect(failure).toBeInstanceOf(CouldNotRun);
    expect(failure.message).toMatch(/me\/cluster#7 got no comment: Resource not accessible.*pull-requests: write/);
    expect(failure.message).not.toContain("t0ken");
});

test("the token goes to no other server that a list of comments names", async () => {
    const other = await startGitHub();
    try {
        gitHub.goOnAt(`${other.url}/repos/me/cluster/issues/7/comments`);

        expect(await posted()).toBe("created");
        expect(other.requests).toBe(0);
    } finally {
        await other.stop();
    }
});

test("a GitHub that cannot be reached is told of, with the reason", async () => {
    await gitHub.stop();

    await expect(post()).rejects.toThrow(/me\/cluster#7 got no comment: .*ECONNREFUSED.*Run the job again/);
    gitHub = await startGitHub();
});

test("an answer that is no list of comments is told of, and nothing is written", async () => {
    gitHub.refuse(200, "a page of something else");

    await expect(post()).rejects.toThrow(/me\/cluster#7 got no comment: .*another form.*Run the job again/);
    expect(gitHub.writes).toBe(0);
});

test.each([
    ["an event of something else", { ref: "refs/heads/main" }, /has another form: pull_request/],
    ["no pull request's number", { pull_request: { number: "7" } }, /pull_request.number/],
])("%s is refused", async (_, event, sentence) => {
    await writeFile(join(directory, "event.json"), JSON.stringify(event));

    await expect(post()).rejects.toThrow(sentence);
    expect(gitHub.requests).toBe(0);
});

test("without an event nothing is posted", async () => {
    await expect(comment(["--stack", "dev", "--post"], "")).rejects.toThrow(/--post needs GITHUB_EVENT_PATH/);
});
