import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type DeployResult, deploy, type Operation } from "../../cli/deploy/deploy.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { namespaces, write } from "./objects.ts";

/** A stack of nothing but a gate. */

let cluster: ControlPlane;
let directory: string;

beforeAll(async () => {
    cluster = await startControlPlane();
    await namespaces(cluster, "tailscale");
    directory = mkdtempSync(join(tmpdir(), "clearpath-gate-"));
    symlinkSync(join(repositoryRoot, "node_modules"), join(directory, "node_modules"));
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
    writeFileSync(
        join(directory, "Pulumi.yaml"),
        stringify({
            name: "gate",
            main: "index.ts",
            runtime: { name: "nodejs", options: { typescript: false } },
            plugins: { providers: [{ name: "clearpath", path: join(repositoryRoot, "provider") }] },
        }),
    );
});

afterAll(async () => {
    await cluster?.stop();
    if (directory) rmSync(directory, { recursive: true, force: true });
});

/** Writes a program that gates on these secrets, with this kubeconfig. */
function program(kubeconfig: string, secrets: string[]): void {
    writeFileSync(
        join(directory, "index.ts"),
        `import { SecretGate } from ${JSON.stringify(join(repositoryRoot, "components", "secretGate.ts"))};
const gate = new SecretGate("bootstrap", {
    kubeconfig: ${JSON.stringify(kubeconfig)},
    secrets: ${JSON.stringify(secrets)},
    timeoutSeconds: 1,
});
export const outcomes = gate.outcomes;
`,
    );
}

function run(operation: Operation): Promise<DeployResult> {
    return deploy({
        operation,
        stack: "dev",
        cwd: directory,
        engine: "embedded",
        policyPacks: [],
        stateDir: join(directory, "state"),
        passphrase: "correct horse",
        skipPreview: true,
    });
}

/** Every byte that the engine keeps of the stack. */
async function state(): Promise<string> {
    const files = await readdir(join(directory, "state"), { recursive: true, withFileTypes: true });
    const texts = files.filter(one => one.isFile()).map(one => readFile(join(one.parentPath, one.name), "utf8"));
    return (await Promise.all(texts)).join("\n");
}

describe("a SecretGate in a stack", () => {
    it("asks no cluster at preview", async () => {
        const nobody = readFileSync(cluster.kubeconfig, "utf8").replace(/server: .*/, "server: https://127.0.0.1:1");
        program(nobody, ["tailscale/operator-oauth"]);
        expect(await run("preview")).toMatchObject({ ok: true, changes: 1 });
    });

    it("fails the up while a Secret is missing, with the reason, and passes once it is there", async () => {
        program(readFileSync(cluster.kubeconfig, "utf8"), ["tailscale/operator-oauth"]);
        const refused = await run("up");
        expect(refused.ok).toBe(false);
        const errors = refused.diagnostics.filter(({ severity }) => severity === "error");
        expect(errors.map(({ message }) => message).join()).toContain(
            "the Secret tailscale/operator-oauth does not exist, and no ExternalSecret makes it",
        );

        await write(cluster, {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { namespace: "tailscale", name: "operator-oauth" },
            data: { token: Buffer.from("hunter2-the-value").toString("base64") },
        });
        const passed = await run("up");
        expect(passed).toMatchObject({ ok: true, changes: 1 });
        expect(passed.outputs.outcomes).toMatchObject([
            { secret: "tailscale/operator-oauth", outcome: "present", keys: ["token"] },
        ]);
    });

    it("changes nothing at the next up, and leaves neither kubeconfig nor values in the state", async () => {
        expect(await run("up")).toMatchObject({ ok: true, changes: 0 });
        const kept = await state();
        expect(kept).toContain("clearpath:cluster:SecretGate");
        expect(kept).not.toContain("client-key-data");
        expect(kept).not.toContain("hunter2-the-value");
    });

    it("is gone with the stack, and the Secret stays", async () => {
        expect(await run("destroy")).toMatchObject({ ok: true });
        const secret = "/api/v1/namespaces/tailscale/secrets/operator-oauth";
        expect(await cluster.api.find(secret)).toBeDefined();
    });
});
