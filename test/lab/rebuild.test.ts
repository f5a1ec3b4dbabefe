import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { RebuildResult } from "../../cli/rebuild/rebuild.ts";
import { outcomeOf, readState, stageOf } from "../../cli/rebuild/state.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { type LabStack, labStack } from "../../lab/journey/stack.ts";
import { type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { labPaths, NODE_LINK, namespacePath } from "../../lab/network/topology.ts";

const INSTANCE = "rebuildtest";
const DRIVER = join(import.meta.dirname, "rebuildDriver.ts");

const IMAGE = "registry.k8s.io/pause:3.10";

/** Enough connections to be called stable, and little else: what probes find is tested elsewhere. */
const PROBE = {
    endpoints: [
        { host: "ghcr.io" },
        { host: "registry.k8s.io" },
        { host: "api.doppler.com", kind: "api", path: "/v3/me" },
    ],
    images: [IMAGE],
    rounds: 20,
    pathMtuFlows: 4,
    timeoutSeconds: 4,
    budgetSeconds: 20,
};

let lab: Lab;
let stack: LabStack;
let directory: string;
let knownHosts: string;

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-rebuild-"));
    knownHosts = join(directory, "known_hosts");
    const scenario = parseScenario({
        name: "rebuild",
        internet: { paths: [{ mtu: 1380, icmpFragNeeded: "drop" }] },
        nodes: { mtu: 1500 },
        stack: { mirror: "auto", cache: { warm: [IMAGE] } },
    });
    lab = await labUp({ instance: INSTANCE, scenario, workers: 1, onProgress: () => {} });
    stack = labStack(lab);
    const { hostKey, ...worker1 } = lab.connection("worker1");
    await writeFile(knownHosts, `# mine\n${worker1.host} ${hostKey}\n`);
    await stack.configure({
        probe: PROBE,
        nodes: [
            { name: "cp1", role: "server", link: NODE_LINK, connection: lab.connection("cp1") },
            {
                name: "worker1",
                role: "agent",
                link: NODE_LINK,
                connection: { ...worker1, knownHostsPath: knownHosts },
            },
        ],
    });
});

afterAll(async () => {
    await labDown(INSTANCE);
    await stack?.remove();
    await rm(join(repositoryRoot, ".clearpath", "rebuild", `lab-${INSTANCE}`), { recursive: true, force: true });
    await rm(join(repositoryRoot, ".clearpath", "rebuild", `lab-${INSTANCE}.lock`), { force: true });
    await rm(directory, { recursive: true, force: true });
});

describe("a rebuild over a black hole", () => {
    test("is interrupted while VMs are made, resumed, and proves the new ones", async () => {
        const before = await machineIds();
        await writePlan({
            rebuild: `if [ "$CLEARPATH_ATTEMPT" = 1 ]; then echo "making VMs, attempt $CLEARPATH_ATTEMPT"; exec sleep 600; fi; ${driver("rebuild")}`,
        });

        const first = rebuild([]);
        await first.says("making VMs, attempt 1");
        first.child.kill("SIGKILL");
        await first.end();
        const run = await lastRunDirectory();
        const { command } = await readState(run);
        const tooEarly = await rebuild(["--resume"]).end();
        expect(tooEarly).toMatchObject({ code: 3, errors: expect.stringContaining(`process ${command!.pid}`) });
        process.kill(-command!.pid, "SIGKILL");

        const resumed = await rebuild(["--resume", "--json"]).end();
        expect(resumed.code, resumed.errors).toBe(0);
        const result = JSON.parse(resumed.output) as RebuildResult;
        expect(result.stages.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
            "probe-before done",
            "network done",
            "probe-network done",
            "destroy done",
            "rebuild done",
            "hosts done",
            "refresh done",
            "probe-rebuilt done",
            "mirror skipped",
            "bootstrap done",
            "probe-mirror skipped",
            "gates skipped",
        ]);
        expect(result.stages.find(({ name }) => name === "rebuild")?.attempts).toBe(2);
        expect(result.stages.find(({ name }) => name === "destroy")?.attempts).toBe(1);

        const now = await machineIds();
        expect(now.cp1).not.toBe(before.cp1);
        expect(now.worker1).not.toBe(before.worker1);
        expect(await readFile(knownHosts, "utf8")).toBe(
            `# mine\n${lab.connection("worker1").host} ${keyOf("worker1")}\n`,
        );
        expect(await readFile(join(repositoryRoot, `Pulumi.${stack.name}.yaml`), "utf8")).toContain(
            keyOf("cp1").split(" ")[1],
        );

        const state = await readState(run);
        expect(state.stages.map(({ cause }) => cause).filter(cause => cause !== null)).toEqual([
            "pmtu-black-hole",
            "none",
            "none",
        ]);
        expect(state.stages.flatMap(({ newHosts }) => newHosts)).toMatchObject([
            { name: "cp1", linkMtu: 1500, k3s: "stopped" },
            { name: "worker1", linkMtu: 1500, k3s: "stopped" },
        ]);
        const answers = Object.fromEntries(result.mitigations!.map(({ name, answer }) => [name, answer]));
        expect(answers).toMatchObject({
            "pull-retries": "can-go",
            "pre-pulls": "can-go",
            "long-helm-timeouts": "can-go",
            "mtu-step": "can-go",
            mirror: "can-go",
            "endless-remediation": "not-shown",
            "waits-for-secrets": "not-shown",
        });
        const page = await readFile(result.report, "utf8");
        const links = [...page.matchAll(/href="([^":]+)"/g)].map(([, link]) => link!);
        expect(links.length).toBeGreaterThanOrEqual(12);
        expect(links.filter(link => !existsSync(join(run, link)))).toEqual([]);
    });

    test("adds the mirror when the way out turns flaky, as the job on GitHub runs it", async () => {
        await writePlan({ hosts: ["worker1"], rebuild: `${driver("rebuild")} && ${driver("flaky", "")}` });
        const summary = join(directory, "summary.md");
        const outputs = join(directory, "outputs");
        const job = await inRunner(["bash", join(repositoryRoot, ".github", "actions", "rebuild", "rebuild.sh")], {
            STACK: stack.name,
            DIRECTORY: repositoryRoot,
            PLAN: join(directory, "rebuild.yaml"),
            POLICY_PACK: "",
            RESUME: "false",
            GITHUB_STEP_SUMMARY: summary,
            GITHUB_OUTPUT: outputs,
        }).end();
        expect(job.code, job.output).toBe(0);

        const run = (await readFile(outputs, "utf8")).trim().replace(/^kept=/, "");
        const state = await readState(run);
        expect(stageOf(state, "probe-network").clear).toBe(true);
        expect(stageOf(state, "refresh").applied?.mirror).toBe(false);
        expect(stageOf(state, "probe-rebuilt")).toMatchObject({ clear: false, cause: "upstream" });
        expect(stageOf(state, "mirror").applied).toMatchObject({
            mirror: true,
            mirrorWhy: expect.stringContaining("not stable"),
        });
        expect(outcomeOf(stageOf(state, "mirror"))).toBe("done");
        expect(outcomeOf(stageOf(state, "probe-mirror"))).toBe("done");
        const text = await readFile(summary, "utf8");
        expect(text).toMatch(/^### ✅ The cluster is rebuilt/);
        expect(text).toMatch(/\| keep \| A registry mirror that was added because of the uplink \|/);
    });
});

function driver(what: string, hosts = "$CLEARPATH_NODES"): string {
    return `nsenter --net=/proc/${process.pid}/ns/net ${process.execPath} ${DRIVER} ${INSTANCE} ${what} ${hosts}`;
}

async function writePlan(changes: Record<string, unknown>): Promise<void> {
    const plan = {
        destroy: driver("destroy"),
        rebuild: driver("rebuild"),
        bootstrap: driver("bootstrap"),
        hostKeyCommand: `cat ${labPaths(INSTANCE).run}/ssh/$CLEARPATH_NODE.pub`,
        waitMinutes: 2,
        ...changes,
    };
    await writeFile(join(directory, "rebuild.yaml"), stringify(plan));
}

interface Running {
    child: ChildProcess;
    /** Resolves once it has written this. */
    says(text: string): Promise<void>;
    end(): Promise<{ code: number | null; output: string; errors: string }>;
}

function rebuild(args: string[]): Running {
    const command = [process.execPath, join(repositoryRoot, "cli", "main.ts"), "rebuild", "--stack", stack.name];
    const plan = [
        "--plan",
        join(directory, "rebuild.yaml"),
        "--policy-pack",
        "policy",
        "--engine",
        "embedded",
        "--yes",
    ];
    return inRunner([...command, ...plan, ...args]);
}

/** A command started in the runner's network namespace. */
function inRunner(command: string[], environment: NodeJS.ProcessEnv = {}): Running {
    const child = spawn("nsenter", [`--net=${namespacePath(INSTANCE, "runner")}`, "--", ...command], {
        cwd: repositoryRoot,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
            ...process.env,
            PULUMI_CONFIG_PASSPHRASE: "lab",
            PULUMI_BACKEND_URL: `file://${stack.stateDir}`,
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            ...environment,
        },
    });
    const said = { output: "", errors: "" };
    const heard: (() => void)[] = [];
    const listen = (stream: "output" | "errors") => (chunk: Buffer) => {
        said[stream] += chunk.toString();
        process.stderr.write(chunk);
        for (const listener of heard) listener();
    };
    child.stdout.on("data", listen("output"));
    child.stderr.on("data", listen("errors"));
    const ended = new Promise<number | null>(resolve => child.once("close", code => resolve(code)));
    return {
        child,
        says: text =>
            new Promise((resolve, reject) => {
                heard.push(() => `${said.output}${said.errors}`.includes(text) && resolve());
                void ended.then(code => reject(new Error(`it ended with ${code} before it said "${text}"`)));
            }),
        async end() {
            const code = await ended;
            return { code, ...said };
        },
    };
}

async function machineIds(): Promise<Record<"cp1" | "worker1", string>> {
    const [cp1, worker1] = await Promise.all(
        (["cp1", "worker1"] as const).map(async host =>
            (await lab.exec(host, ["cat", "/etc/machine-id"])).stdout.trim(),
        ),
    );
    return { cp1: cp1!, worker1: worker1! };
}

/** Type and key, without the comment. */
function keyOf(host: "cp1" | "worker1"): string {
    return lab.connection(host).hostKey.split(" ").slice(0, 2).join(" ");
}

async function lastRunDirectory(): Promise<string> {
    const runs = join(repositoryRoot, ".clearpath", "rebuild", stack.name);
    return join(runs, (await readdir(runs)).sort().at(-1)!);
}
