import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { HostError } from "../../../provider/host/hostError.ts";
import type { CommandResult, HostSession } from "../../../provider/host/session.ts";
import { recordDirectory, runStep, stepScript } from "../../../provider/host/step.ts";

/** A session whose host is a shell on this machine: enough for programs that only compute. */
function sessionOver(run: (stdin: string) => CommandResult): HostSession {
    return {
        host: "here",
        alive: true,
        answers: async () => true,
        exec: async (_command, options) => {
            const { stdout, ...result } = run(String(options?.stdin));
            for (const line of stdout.split("\n").filter(Boolean)) options?.onLine?.(line);
            return { ...result, stdout: "" };
        },
        reconnect: () => Promise.reject(new Error("not here")),
        moveTo: () => undefined,
        alone: work => work(sessionOver(run)),
        close: () => undefined,
    };
}

const local = sessionOver(stdin => {
    const { status, stdout, stderr } = spawnSync("sh", { input: stdin, encoding: "utf8" });
    return { code: status ?? -1, stdout, stderr };
});

function run(call: string, values = {}) {
    return runStep(local, { name: "try", programs: [], values, call, readOnly: true });
}

describe("a step", () => {
    it("passes values and answers unchanged", async () => {
        const text = 'it\'s "quoted"\n\\ $HOME ä\t';
        expect(await run('answer echo "$text"', { text })).toEqual({ echo: text });
    });

    it("runs nothing of a program that arrived incomplete", () => {
        const whole = stepScript({ programs: [], values: {}, call: "answer done yes" });
        for (const length of [whole.length - 20, Math.floor(whole.length / 2)]) {
            const { stdout } = spawnSync("sh", { input: whole.slice(0, length), encoding: "utf8" });
            expect(stdout).toBe("");
        }
    });

    it("fails with the sentences that the program gives", async () => {
        await expect(run('fail "It broke. Nothing was changed. Correct it."')).rejects.toThrow(
            new HostError("here", "step", "It broke. Nothing was changed. Correct it."),
        );
    });

    it("names the program that the host lacks, and its package", async () => {
        await expect(run("need nosuchprogram its-package")).rejects.toThrow(
            "here: the program nosuchprogram is missing, which is needed to try. Nothing was changed. Install the package its-package on the host.",
        );
    });

    it("says that the host continues when the connection breaks during a change", async () => {
        const lost = new HostError("here", "connection-lost", "the SSH connection broke: no answer.");
        const breaking = { ...local, exec: () => Promise.reject(lost) };
        const step = { name: "write a note", programs: [], values: {}, call: "answer done yes" };

        await expect(runStep(breaking, step)).rejects.toThrow(
            "here: the SSH connection broke: no answer. The host continues this step without the connection (write a note), and its result is not known. Run up --refresh to see what state the host is in.",
        );
        await expect(runStep(breaking, { ...step, readOnly: true })).rejects.toBe(lost);
    });

    it("shows the message of a command that fails unexpectedly", async () => {
        await expect(run("ls /nonexistent")).rejects.toThrow(
            /could not try: the step failed with exit code 2: .*nonexistent/s,
        );
    });
});

describe("recordDirectory", () => {
    it("has one name for each object, without slashes in it", () => {
        expect(recordDirectory("file", "/etc/a b")).toBe("/var/lib/clearpath/file/%2Fetc%2Fa%20b");
    });
});
