import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../../cli/root.ts";
import type { LabRunRecord } from "../../lab/journey/run.ts";
import { MAIN_JOB_SCENARIOS } from "./mainJobScenarios.ts";

const ENGINES = onPath("pulumi") ? (["embedded", "pulumi"] as const) : (["embedded"] as const);

let directory: string;

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-main-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(ENGINES)("the main job on the %s engine", engine => {
    test.each(MAIN_JOB_SCENARIOS)("scenario %s ends as it expects", async scenario => {
        const out = join(directory, `${engine}-${scenario}.json`);
        const file = join(repositoryRoot, "lab", "scenarios", `${scenario}.json`);
        const run = await clearpath(["lab", "run", "--scenario", file, "--json", out, "--engine", engine]);

        expect(run.output).not.toContain("expected");
        expect(run.code).toBe(0);
        const record = JSON.parse(await readFile(out, "utf8")) as LabRunRecord;
        expect(record).toMatchObject({
            scenario,
            engine,
            second: { changes: 0 },
            destroy: { restored: true, differences: [] },
        });
        expect(record.drift.repaired.map(urn => urn.split("::").at(-2)?.split("$").at(-1))).toEqual([
            "clearpath:host:NftTable",
            "clearpath:host:LinkMtu",
        ]);
    });
});

test("the story keeps its promises and leaves no lab behind", async () => {
    const story = await clearpath(["lab", "story"]);

    expect(story.output).toMatch(/All \d+ promises kept/);
    expect(story.code).toBe(0);
    const status = await clearpath(["lab", "status", "--json"]);
    expect(JSON.parse(status.output)).toMatchObject({ up: false });
});

function onPath(command: string): boolean {
    return (process.env.PATH ?? "")
        .split(":")
        .some(part => process.getBuiltinModule("fs").existsSync(join(part, command)));
}

function clearpath(args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, [join(repositoryRoot, "cli", "start.mjs"), ...args], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, CLEARPATH_LAB: "main" },
    });
    const output: Buffer[] = [];
    child.stdout.on("data", chunk => output.push(chunk));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", code => resolve({ code: code ?? 1, output: Buffer.concat(output).toString() }));
    });
}
