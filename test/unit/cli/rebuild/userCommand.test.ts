import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kill } from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandEnd, type RunningCommand, runCommand, stillRuns } from "../../../../cli/rebuild/userCommand.ts";

let directory: string;
let lines: string[];
let process: RunningCommand | undefined;

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "command-"));
    lines = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function run(command: string, how: { timeoutMinutes?: number; signal?: AbortSignal } = {}): Promise<CommandEnd> {
    return runCommand(
        { run: command, environment: { OWN: "mine" }, timeoutMinutes: how.timeoutMinutes ?? 1 },
        {
            directory,
            environment: { CLEARPATH_STAGE: "destroy" },
            log: join(directory, "log"),
            onLine: line => lines.push(line),
            onStart: async started => {
                process = started;
            },
            signal: how.signal ?? new AbortController().signal,
        },
    );
}

test("output is shown line by line and kept, with its exit code", async () => {
    const end = await run('echo "$CLEARPATH_STAGE $OWN"; echo down >&2; exit 7');

    expect(end).toMatchObject({ code: 7, signal: null, timedOut: false });
    expect(lines.toSorted()).toEqual(["destroy mine", "down"]);
    expect((await readFile(join(directory, "log"), "utf8")).split("\n").toSorted()).toEqual([
        "",
        "destroy mine",
        "down",
    ]);
});

test("what has the form of a secret is shown and not kept, and others cannot read the log", async () => {
    await run("echo password=hunter2hunter2");

    expect(lines).toEqual(["password=hunter2hunter2"]);
    expect(await readFile(join(directory, "log"), "utf8")).not.toContain("hunter2");
    expect((await stat(join(directory, "log"))).mode & 0o077).toBe(0);
});

test("a command that takes too long is ended with everything it began", async () => {
    const end = await run("sleep 600 & echo $!; wait", { timeoutMinutes: 0.005 });

    expect(end).toMatchObject({ code: null, signal: "SIGTERM", timedOut: true });
    expect(await readFile(`/proc/${lines[0]}/stat`, "utf8").catch(() => "gone")).toMatch(/gone|\) Z /);
});

test("a command is ended when the run is stopped", async () => {
    const stop = new AbortController();
    const ending = run("echo began; exec sleep 600", { signal: stop.signal });
    await expect.poll(() => lines).toEqual(["began"]);
    expect(stillRuns(process!)).toBe(true);
    stop.abort();

    expect(await ending).toMatchObject({ code: null, signal: "SIGTERM", timedOut: false });
    expect(stillRuns(process!)).toBe(false);
});

test("a process in a session of its own that holds the output does not hold up the command that began it", async () => {
    const end = await run("setsid sleep 600 & echo $! >pid; echo over; exit 3", { timeoutMinutes: 0.05 });
    kill(Number(await readFile(join(directory, "pid"), "utf8")), "SIGKILL");

    expect(end).toMatchObject({ code: 3, signal: null, timedOut: false });
    expect(lines).toEqual(["over"]);
});

test("a command is over only when what it began in its own group is over", async () => {
    await run("(until [ -e go ]; do sleep 0.05; done; echo late) & (sleep 0.3; touch go) & echo first");

    expect(lines).toEqual(["first", "late"]);
});
