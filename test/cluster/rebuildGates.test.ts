import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { RebuildPlan } from "../../cli/rebuild/plan.ts";
import type { StageContext } from "../../cli/rebuild/stage.ts";
import { gates } from "../../cli/rebuild/stages/gates.ts";
import { newState } from "../../cli/rebuild/state.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { clear, namespaces, node, podEvent, podWaiting, write } from "./objects.ts";

const VALUE = "hunter2-the-value";

let cluster: ControlPlane;
let directory: string;

beforeAll(async () => {
    cluster = await startControlPlane();
    await namespaces(cluster, "tailscale");
    await write(cluster, node("cp1", "10.99.0.11"));
});
afterAll(() => cluster?.stop());

beforeEach(async () => {
    await clear(cluster, "/api/v1/secrets", "/api/v1/pods", "/api/v1/events");
    directory = await mkdtemp(join(tmpdir(), "gates-"));
    return () => rm(directory, { recursive: true, force: true });
});

/** The gates of a plan in the directory of the cluster's kubeconfig, over the worked example's stack. */
function context(secrets: object[]): StageContext {
    const plan = RebuildPlan.parse({
        destroy: "true",
        rebuild: "true",
        gates: { kubeconfig: basename(cluster.kubeconfig), secrets, timeoutMinutes: 0.02 },
    });
    return {
        stack: "dev",
        cwd: repositoryRoot,
        engine: "embedded",
        policyPacks: [],
        plan: { plan, file: "rebuild.yaml", directory: dirname(cluster.kubeconfig) },
        state: newState("dev", { file: "rebuild.yaml", digest: "" }, new Date()),
        directory,
        attempt: 1,
        fileName: extension => `11-gates.${extension}`,
        say: () => {},
        running: async () => {},
        signal: new AbortController().signal,
    };
}

const wanted = [{ namespace: "tailscale", name: "operator-oauth", keys: ["token"] }];

async function secret(): Promise<void> {
    const data = { token: Buffer.from(VALUE).toString("base64") };
    const metadata = { namespace: "tailscale", name: "operator-oauth" };
    await write(cluster, { apiVersion: "v1", kind: "Secret", metadata, data });
}

it("pass when the generated Secrets are there and nothing blocks, and keep both without a value", async () => {
    await secret();
    const result = await gates.run(context(wanted));

    expect(result).toMatchObject({ outcome: "done", gates: { diagnose: true, secrets: true } });
    const kept = await Promise.all(result.kept!.map(({ file }) => readFile(join(directory, file), "utf8")));
    expect(kept[0]).toContain("tailscale/operator-oauth");
    expect(kept.join()).not.toContain(VALUE);
});

it("fail with the Secret that did not come", async () => {
    const result = await gates.run(context(wanted));

    expect(result).toMatchObject({ outcome: "failed", gates: { secrets: false } });
    expect(result.summary).toMatch(/^1 of 1 Secrets were not generated in time\./);
    expect(result.notes![0]).toMatch(/^tailscale\/operator-oauth: failed: /);
});

it("fail with the diagnosis of what blocks", async () => {
    const image = "ghcr.io/fluxcd/source-controller:v1.6.2";
    const pod = { namespace: "tailscale", name: "operator", node: "cp1", image };
    await write(cluster, podWaiting(pod));
    const message = `Failed to pull image "${image}": manifest unknown: not found`;
    await write(cluster, podEvent({ namespace: "tailscale", pod: "operator", node: "cp1", message }));
    const result = await gates.run(context([]));

    expect(result).toMatchObject({ outcome: "failed", gates: { diagnose: false, secrets: null } });
    expect(result.notes!.join("\n")).toContain(image);
});
