import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEvidence } from "../../cli/evidence/file.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { must } from "../../lab/network/command.ts";
import { type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { loadScenario } from "../../lab/network/scenario.ts";

const instance = "probecmd";
const CLEARPATH = [process.execPath, join(repositoryRoot, "cli", "start.mjs")];
const ON_TERMINAL = join(repositoryRoot, "test", "lab", "onTerminal.py");
const NOWHERE = "nowhere.example";

let lab: Lab;
let directory: string;

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-command-"));
    const scenario = loadScenario(join(repositoryRoot, "lab", "scenarios", "black-hole-1380.json"));
    lab = await labUp({ instance, scenario, workers: 1, onProgress: () => {} });
    await lab.exec("worker1", ["mv", "/usr/bin/python3", "/usr/bin/python3.away"]);
});
afterAll(async () => {
    await labDown(instance);
    await rm(directory, { recursive: true, force: true });
});

/** A host list of the whole lab, with a plan for a run that is not over before somebody ends it. */
async function hostList(): Promise<string> {
    const file = join(directory, "hosts.json");
    const roles = { pve: "gateway", cp1: "server", worker1: "agent" } as const;
    const hosts = Object.entries(roles).map(([name, role]) => ({ name, role, connection: lab.connection(name) }));
    const endpoints = [{ host: "ghcr.io" }, { host: "quay.io" }, { host: NOWHERE, kind: "api", path: "/" }];
    const probe = { endpoints, images: [], pathMtu: false, rounds: 500, timeoutSeconds: 4, budgetSeconds: 60 };
    await writeFile(file, JSON.stringify({ hosts, probe: { ...probe, stability: { confidence: 0.9999999 } } }));
    return file;
}

async function agentsOn(host: string): Promise<number> {
    return Number((await lab.exec(host, ["sh", "-c", "pgrep -f [a]gent.main | wc -l"])).stdout);
}

async function connectionsOf(host: string): Promise<number> {
    return Number((await lab.exec(host, ["sh", "-c", "ss -Htn state established dport = :443 | wc -l"])).stdout);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await holds())) {
        if (Date.now() > deadline) throw new Error("it did not come about within 20 s");
        await later(100);
    }
}

describe("clearpath probe", () => {
    test("shows a table on a terminal; Ctrl-C ends every agent and still writes what was found", async () => {
        const out = join(directory, "stopped.json.gz");
        const argv = [...CLEARPATH, "probe", "--hosts", await hostList(), "--out", out];
        const { stdout: shown, code } = await lab.exec("runner", ["python3", ON_TERMINAL, "tls-timeout", ...argv]);

        expect(shown).toContain("worker1 (10.27.27.21): there is no python3, which the probe runs on.");
        expect(shown).toContain("Stopping on every host");
        expect(shown).toContain(`evidence: ${out}`);
        expect(code).toBe(1);
        for (const host of ["pve", "cp1"]) await until(async () => (await agentsOn(host)) === 0);

        const evidence = await readEvidence(out);
        expect(evidence.notes).toEqual(["The run was stopped by Ctrl-C before its end."]);
        expect(evidence.unprobed).toMatchObject([{ vantagePoint: "worker1" }]);
        expect(evidence.reports.map(({ vantagePoint, complete }) => [vantagePoint, complete])).toEqual([
            ["pve", false],
            ["cp1", false],
        ]);
        const failures = evidence.reports.map(
            ({ endpoints }) => endpoints.find(one => one.endpoint === NOWHERE)!.failures,
        );
        for (const kinds of failures) expect(kinds.dns).toBeGreaterThan(0);
        expect(evidence.verdict.cause).not.toBe("none");
    });

    test("goes on without a host that dies, and tells a full disk after the result", async () => {
        const full = join(directory, "full");
        await mkdir(full);
        await must("mount a small disk", ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full]);
        await writeFile(join(full, "others"), Buffer.alloc(4096));
        try {
            const argv = [...CLEARPATH, "probe", "--hosts", await hostList(), "--out", join(full, "run.json.gz")];
            const running = lab.exec("runner", ["timeout", "--preserve-status", "--signal=INT", "25", ...argv]);
            await until(async () => (await connectionsOf("cp1")) > 0);
            await lab.exec("cp1", ["sh", "-c", "kill -KILL $(pgrep -f [a]gent.main)"]);
            const { stdout, stderr, code } = await running;

            expect(stderr).toMatch(/cp1: .*; the probe was cut short/);
            expect(stdout).toContain("tls-timeout");
            expect(stdout).toContain("Verdict:");
            expect(stderr).toContain("run.json.gz cannot be written: no space is left on its disk.");
            expect(code).toBe(3);
        } finally {
            await must("unmount it", ["umount", full]);
        }
    });
});
