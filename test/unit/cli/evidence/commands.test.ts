import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { compareCommand } from "../../../../cli/evidence/compareCommand.ts";
import { writeEvidence } from "../../../../cli/evidence/file.ts";
import { reportCommand } from "../../../../cli/evidence/reportCommand.ts";
import { CouldNotRun, EXIT } from "../../../../cli/exit.ts";
import { recorded, recordedPath } from "./runs.ts";

let directory: string;

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-report-"));
});
afterEach(async () => {
    await rm(directory, { recursive: true });
    vi.restoreAllMocks();
    process.exitCode = undefined;
});

/** Runs `clearpath ARGS…` and gives its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: unknown; printed: string }> {
    let printed = "";
    vi.spyOn(process.stdout, "write").mockImplementation(chunk => {
        printed += chunk;
        return true;
    });
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    for (const add of [compareCommand, reportCommand]) add(program);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
    await program.parseAsync(args, { from: "user" });
    return { code: process.exitCode ?? EXIT.ok, printed };
}

const [before, after] = [recordedPath("before"), recordedPath("after")];

describe("clearpath compare", () => {
    test("shows what got better in a table, and exits 0", async () => {
        const { code, printed } = await run("compare", before, after);
        expect(code).toBe(EXIT.ok);
        expect(printed.split("\n")[0]).toBe(
            "Verdict: pmtu-black-hole before, none after. Nothing got worse, and something got better.",
        );
        expect(printed).toMatch(/better +.*cp1 +.*all image pulls +.*0 of 5 \(0 %\) +.*5 of 5 \(100 %\)/);
    });

    test("exits 1 when something got worse, which comes first", async () => {
        const { code, printed } = await run("compare", after, before);
        expect(code).toBe(EXIT.foundSomething);
        expect(printed.split("\n").find(line => line.includes("all connections"))).toContain("worse");
    });

    test("prints everything as JSON", async () => {
        const { printed } = await run("compare", before, after, "--json");
        const { changes, worse, confidence } = JSON.parse(printed);
        expect({ worse, confidence }).toEqual({ worse: 0, confidence: 0.95 });
        expect(changes[0]).toMatchObject({ kind: "verdict", judgement: "better" });
        expect(changes.filter((change: { judgement: string }) => change.judgement === "same").length).toBeGreaterThan(
            50,
        );
    });

    test("could not run on a file that is no evidence", async () => {
        const file = join(directory, "x");
        await writeFile(file, "x");
        await expect(run("compare", before, file)).rejects.toThrow(CouldNotRun);
    });
});

describe("clearpath report", () => {
    test("writes a page beside the evidence and names it", async () => {
        const file = join(directory, "today.json.gz");
        await writeEvidence(file, await recorded("before"));
        const { code, printed } = await run("report", file);
        expect({ code, printed }).toEqual({ code: EXIT.ok, printed: `Report: ${join(directory, "today.html")}\n` });
        expect(await readFile(join(directory, "today.html"), "utf8")).toMatch(/^<!doctype html>/);
        expect((await readdir(directory)).sort()).toEqual(["today.html", "today.json.gz"]);
    });

    test("writes metrics as a file that no reader sees half-written, with --json to say so", async () => {
        const out = join(directory, "clearpath.prom");
        const { printed } = await run("report", after, "--prometheus", "--out", out, "--json");
        expect(JSON.parse(printed)).toMatchObject({ out, verdict: { cause: "none" } });
        expect(await readFile(out, "utf8")).toContain("clearpath_healthy 1\n");
    });

    test("prints Markdown and metrics where no file is named", async () => {
        expect((await run("report", after, "--before", before, "--markdown")).printed).toMatch(/^### ✅/);
        expect((await run("report", after, "--prometheus")).printed).toMatch(/^# HELP clearpath_/);
    });

    test("refuses contradicting formats as a usage error", async () => {
        await expect(run("report", after, "--prometheus", "--markdown")).rejects.toThrow(CommanderError);
    });
});
