import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEvidence } from "../../cli/evidence/file.ts";
import { inRunner } from "../../lab/journey/inRunner.ts";
import { labProbePlan } from "../../lab/journey/stack.ts";
import { type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { loadScenario } from "../../lab/network/scenario.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import type { MeasuredMtu, VantageReport } from "../../network/probe/report.ts";
import type { ProbeAllResult, ProbedHost } from "../../provider/probe/probeAll.ts";

const instance = "probetest";
const scenario = (name: string) => loadScenario(new URL(`../../lab/scenarios/${name}.json`, import.meta.url).pathname);
const HELD = "registry.k8s.io/pause:3.10";

let lab: Lab;

beforeAll(async () => {
    lab = await labUp({ instance, scenario: scenario("healthy"), workers: 1, onProgress: () => {} });
});
afterAll(() => labDown(instance));

function probe(changes: Partial<ProbePlan> = {}, vantagePoints = ["pve", "cp1", "worker1"]): Promise<ProbeAllResult> {
    const roles: Record<string, ProbedHost["role"]> = { pve: "gateway", cp1: "server", worker1: "agent" };
    const hosts = vantagePoints.map(name => ({
        vantagePoint: name,
        role: roles[name]!,
        connection: lab.connection(name),
    }));
    return inRunner(instance, { kind: "probe", hosts, plan: { ...labProbePlan(lab), ...changes } });
}

/** Every measurement of a direction, over vantage points and IP versions. */
function measured(reports: VantageReport[], direction: "download" | "upload"): MeasuredMtu[] {
    return reports.flatMap(({ pathMtu }) => [pathMtu.ipv4, pathMtu.ipv6].map(found => found![direction]!));
}

const exactly = (bytes: number) => ({ bytes, bound: "exact", silent: true });
const atLeast = (bytes: number) => ({ bytes, bound: "at-least", silent: false });

describe("a healthy network", () => {
    let result: ProbeAllResult;

    beforeAll(async () => {
        await lab.exec("cp1", ["ctr", "-n", "k8s.io", "images", "pull", "--hosts-dir", await hostsDir(), HELD]);
        result = await probe();
    });

    test("is called healthy, and its path MTU is what the links carry", () => {
        expect(result.verdict).toMatchObject({ cause: "none", pathMtu: { ipv4: 1500, ipv6: 1500 } });
        for (const direction of ["download", "upload"] as const)
            for (const mtu of measured(result.reports, direction)) expect(mtu).toMatchObject(atLeast(1500));
    });

    test("lets every image come: by the runtime where it lacks the image, by the agent elsewhere", () => {
        const via = (name: string, image: string) =>
            result.reports.find(({ vantagePoint }) => vantagePoint === name)!.pulls.find(pull => pull.image === image);
        for (const { pulls } of result.reports) expect(pulls.filter(pull => pull.succeeded !== 1)).toEqual([]);
        expect(via("worker1", HELD)).toMatchObject({ via: "ctr" });
        expect(via("cp1", HELD)).toMatchObject({ via: "agent" });
        expect(via("pve", HELD)).toMatchObject({ via: "agent" });
    });

    test("leaves the images of every node as they were", async () => {
        const images = async (host: string) =>
            (await lab.exec(host, ["ctr", "-n", "k8s.io", "images", "ls", "-q"])).stdout.trim();
        expect(await images("cp1")).toContain(HELD);
        expect(await images("worker1")).toBe("");
    });

    test("shows the facts that tell who routes", () => {
        const facts = (name: string) => result.reports.find(({ vantagePoint }) => vantagePoint === name)!.facts;
        const bridge = facts("pve").links.find(({ name }) => name === "vmbr1")!;
        expect(facts("cp1").defaultRoute.ipv4?.gatewayMac).toBe(bridge.mac);
    });

    test("is written down as evidence by the command, without a word of how the hosts are reached", async () => {
        const directory = await mkdtemp(join(tmpdir(), "clearpath-probe-"));
        const [list, out] = [join(directory, "hosts.json"), join(directory, "run.json.gz")];
        const connection = lab.connection("pve");
        const plan = { endpoints: [{ host: "ghcr.io" }], rounds: 3, pathMtu: false };
        await writeFile(list, JSON.stringify({ hosts: [{ name: "pve", role: "gateway", connection }], probe: plan }));
        const main = new URL("../../cli/main.ts", import.meta.url).pathname;
        const { stderr } = await lab.exec("runner", [process.execPath, main, "probe", "--hosts", list, "--out", out]);
        expect(stderr).toContain(`evidence: ${out}`);
        const evidence = await readEvidence(out);
        expect(evidence.reports).toMatchObject([{ vantagePoint: "pve", complete: true }]);
        expect(evidence.reports[0]!.samples.length).toBeGreaterThan(2);
        for (const part of [connection.hostKey, connection.privateKeyPath])
            expect(JSON.stringify(evidence)).not.toContain(part);
        await rm(directory, { recursive: true });
    });

    async function hostsDir(): Promise<string> {
        const { stdout } = await lab.exec("cp1", [
            "sh",
            "-c",
            "ls -d /var/lib/rancher/k3s/agent/etc/containerd/certs.d /etc/containerd/certs.d 2>/dev/null | head -1",
        ]);
        return stdout.trim();
    }
});

describe("a broken network is named, and its path MTU found to the byte", () => {
    test("black-hole-1380", async () => {
        await lab.setScenario(scenario("black-hole-1380"));
        const { reports, verdict } = await probe();
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "both",
            scope: "host-and-vms",
            icmpFilteredAt: "beyond",
            pathMtu: { ipv4: 1380, ipv6: 1380 },
        });
        for (const direction of ["download", "upload"] as const)
            for (const mtu of measured(reports, direction)) expect(mtu).toMatchObject(exactly(1380));
        for (const { pulls } of reports)
            for (const { error } of pulls) expect(error).not.toMatch(/elapsed:|\|-+\||\x1b/);
        for (const { endpoints } of reports)
            for (const { failures } of endpoints) expect(failures["tls-timeout"]).toBeGreaterThan(0);
    });

    test("black-hole-ecmp", async () => {
        await lab.setScenario(scenario("black-hole-ecmp"));
        const { reports, verdict } = await probe();
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "both",
            scope: "host-and-vms",
            icmpFilteredAt: "beyond",
            pathMtu: { ipv4: 1380, ipv6: 1380 },
        });
        const paths = new Set(reports.flatMap(({ pathMtu }) => pathMtu.ipv4!.download!.paths));
        expect(paths).toEqual(new Set([1380, 1500]));
    });

    test("upload-black-hole", async () => {
        await lab.setScenario(scenario("upload-black-hole"));
        const { reports, verdict } = await probe();
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "upload",
            scope: "host-and-vms",
            icmpFilteredAt: "beyond",
        });
        for (const mtu of measured(reports, "upload")) expect(mtu).toMatchObject(exactly(1380));
        for (const mtu of measured(reports, "download")) expect(mtu).toMatchObject(atLeast(1500));
    });

    test("icmp-blocked-at-gateway", async () => {
        await lab.setScenario(scenario("icmp-blocked-at-gateway"));
        const { reports, verdict } = await probe();
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "upload",
            scope: "vm-subnet",
            icmpFilteredAt: "gateway",
            pathMtu: { ipv4: 1380 },
        });
        const [pve, cp1] = reports;
        expect(pve!.pathMtu.ipv4!.upload).toMatchObject({ bytes: 1380, icmpSeen: true, silent: false });
        expect(cp1!.pathMtu.ipv4!.upload).toMatchObject(exactly(1380));
        expect(pve!.facts.icmpDropRules.length).toBeGreaterThan(0);
    });
});

describe("a host that loses its session in the middle of a run", () => {
    test("keeps no agent, and gives what was found until then", async () => {
        await lab.setScenario(scenario("black-hole-1380"));
        const count = async (what: string) => Number((await lab.exec("cp1", ["sh", "-c", `${what} | wc -l`])).stdout);
        const running = probe({ timeoutSeconds: 100, budgetSeconds: 100 }, ["cp1"]);
        await until(async () => (await count("ss -Htn state established dport = :443")) > 0);
        await lab.exec("cp1", ["pkill", "-KILL", "-f", "^sshd: root@notty"]);
        await until(async () => (await count("pgrep -f [a]gent.main")) === 0);

        const { reports, verdict } = await running;
        expect(reports[0]).toMatchObject({ complete: false, incompleteReason: expect.stringContaining("cut short") });
        expect(verdict.cause).not.toBe("none");
    });

    async function until(holds: () => Promise<boolean>): Promise<void> {
        const deadline = Date.now() + 15_000;
        while (!(await holds())) {
            if (Date.now() > deadline) throw new Error("it did not come about within 15 s");
            await later(100);
        }
    }
});
