import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, vi } from "vitest";
import { repositoryRoot } from "../../cli/root.ts";
import { thisMachine } from "../../engine/state/lockHolder.ts";
import { engines, errorsOf, stackTest } from "./stack.ts";

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("a failed step keeps what was done, begins nothing that needs it, deletes nothing, and is made up for later", async ({
        stack,
    }) => {
        await stack.program(`new Thing("old");`).up();
        const program = (fail: boolean) => `
            const good = new Thing("good");
            const bad = new Thing("bad", { fail: ${fail} }, { dependsOn: good });
            new Thing("never", { value: bad.serial });
            export const kept = good.serial;
        `;
        const failed = await stack.program(program(true)).run("up", { skipPreview: true });
        expect(failed.ok).toBe(false);
        expect(errorsOf(failed)).toContain("the thing refused to be made");
        expect(failed.diagnostics.find(({ message }) => message.includes("refused"))!.urn).toBe(stack.urn("bad"));
        expect(failed.changes).toBe(1);
        expect(stack.things()).toEqual(["good", "old"]);
        expect(stack.stored("old")).toBeDefined();
        expect(stack.stored("bad")).toBeUndefined();
        expect(stack.pendingOperations()).toEqual([]);
        expect(stack.locks()).toEqual([]);

        await stack.program(program(false)).up();
        expect(stack.things()).toEqual(["bad", "good", "never"]);
    });

    test("a resource that was made but did not become ready is kept, and updated the next time", async ({ stack }) => {
        const program = (halfMade: boolean) => `new Thing("half", { halfMade: ${halfMade} });`;
        const failed = await stack.program(program(true)).run("up", { skipPreview: true });
        expect(failed.ok).toBe(false);
        expect(stack.stored("half")!.initErrors).toEqual(["it did not become ready"]);
        expect(stack.stored("half")!.id).toMatch(/^half-/);
        stack.clearCalls();
        await stack.program(program(false)).up();
        expect(stack.order("create", "update", "delete")).toEqual(["update half"]);
        expect(stack.stored("half")!.initErrors).toBeUndefined();
    });

    test("a program that throws does not delete what it did not come to register", async ({ stack }) => {
        await stack.program(`new Thing("first"); new Thing("second"); export const word = "old";`).up();
        const failed = await stack
            .program(`new Thing("first"); throw new Error("lost the plot");`)
            .run("up", { skipPreview: true });
        expect(failed.ok).toBe(false);
        expect(errorsOf(failed)).toContain("lost the plot");
        expect(stack.things()).toEqual(["first", "second"]);
        expect(stack.state()[0]!.outputs).toEqual({ word: "old" });
    });

    test("a failed check is told with the plugin's reason, and nothing is done", async ({ stack }) => {
        const failed = await stack.program(`new Thing("a", { value: "invalid" });`).run("preview");
        expect(failed.ok).toBe(false);
        expect(errorsOf(failed)).toContain("value must not be invalid");
        expect(stack.calls("create")).toEqual([]);
    });

    test("a cancelled run tells the plugin, keeps what was done, and leaves no lock", async ({ stack }) => {
        stack.program(`
            const first = new Thing("first");
            const second = new Thing("second", { waitFor: "${stack.path("never")}" }, { dependsOn: first });
            new Thing("third", {}, { dependsOn: second });
        `);
        const controller = new AbortController();
        const running = stack.run("up", { skipPreview: true, signal: controller.signal });
        await vi.waitUntil(() => stack.order("create").includes("create second"), { timeout: 60_000 });
        controller.abort();
        const up = await running;
        expect(up.ok).toBe(false);
        expect(stack.order("cancel").length).toBeGreaterThan(0);
        expect(stack.order("create")).not.toContain("create third");
        expect(stack.stored("first")).toBeDefined();
        expect(stack.locks()).toEqual([]);
    });

    test("what an interrupted run was doing is told by the next one, and forgotten by a refresh that is told to", async ({
        stack,
    }) => {
        await stack.program(`new Thing("a");`).up();
        const file = JSON.parse(stack.stateText);
        const pending = { resource: { ...stack.stored("a"), urn: stack.urn("lost"), id: undefined }, type: "creating" };
        file.checkpoint.latest.pending_operations = [pending];
        writeFileSync(stack.stateFile, JSON.stringify(file));
        const up = await stack.up();
        expect(JSON.stringify(up.diagnostics)).toContain(stack.urn("lost"));
        expect(stack.pendingOperations()).toHaveLength(1);
        await stack.must("refresh", { clearPendingCreates: true });
        expect(stack.pendingOperations()).toEqual([]);
    });

    test("the lock of a run that died is removed, and that is told", async ({ stack }) => {
        await stack.program("").up();
        const locks = join(stack.stateDir, ".pulumi", "locks", "organization", "lab", "dev");
        const { machineId, boot, pidNamespace } = thisMachine;
        const from = { hostname: hostname(), machineId, boot, pidNamespace };
        const lock = { ...from, pid: 2 ** 22 + 1, username: "late", timestamp: new Date().toISOString() };
        writeFileSync(join(locks, "dead.json"), JSON.stringify(lock));
        const events: unknown[] = [];
        await stack.up({ onEvent: event => events.push(event) });
        expect(JSON.stringify(events)).toContain("A lock of late");
        expect(stack.locks()).toEqual([]);
    });

    test("a destroy deals with creations of our own that an earlier run never finished", async ({ stack }) => {
        const type = "clearpath:tls:ServerCertificate";
        stack.plugin("clearpath", join(repositoryRoot, "provider"));
        stack.program(`
            const certificate = (name: string) =>
                new pulumi.CustomResource("${type}", name, { authority: "Lab", names: ["cache"], validDays: 90 });
            certificate("kept");
            certificate("lost");
        `);
        await stack.up();
        const file = JSON.parse(stack.stateText);
        const { latest } = file.checkpoint;
        const { id: _id, outputs: _outputs, ...lost } = stack.stored("lost")!;
        latest.resources = stack.state().filter(({ urn }) => urn !== lost.urn);
        latest.pending_operations = [{ resource: lost, type: "creating" }];
        writeFileSync(stack.stateFile, JSON.stringify(file));

        const destroyed = await stack.must("destroy");

        expect(destroyed.steps).toContainEqual({ urn: lost.urn, op: "delete" });
        expect(stack.state()).toEqual([]);
        expect(stack.pendingOperations()).toEqual([]);
    });

    test("a plugin that is not on the machine is named", async ({ stack }) => {
        stack.program(`new pulumi.CustomResource("nowhere:index:Thing", "a", {});`);
        const preview = await stack.run("preview", {
            env: { ...stack.env, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
        });
        expect(preview.ok).toBe(false);
        expect(errorsOf(preview)).toContain("nowhere");
    });

    test("a stack that another run holds is refused with that run's name", async ({ stack }) => {
        await stack.program("").up();
        const locks = join(stack.stateDir, ".pulumi", "locks", "organization", "lab", "dev");
        mkdirSync(locks, { recursive: true });
        const lock = {
            pid: process.pid,
            username: "someone",
            hostname: hostname(),
            timestamp: new Date().toISOString(),
        };
        writeFileSync(join(locks, "other.json"), JSON.stringify(lock));
        await expect(stack.run("up")).rejects.toThrow(/someone@/);
    });
});

describe.concurrent("on the embedded engine", () => {
    const test = stackTest("embedded");

    test("a creation whose plugin dies is not forgotten: nobody has seen how it ended", async ({ stack }) => {
        stack.program(`new Thing("a", { waitFor: "${stack.path("never")}" });`);
        const running = stack.run("up", { skipPreview: true });
        await vi.waitUntil(() => stack.order("create").includes("create a"), { timeout: 60_000 });
        process.kill(stack.calls("create")[0]!.pid, "SIGKILL");
        expect((await running).ok).toBe(false);
        expect(stack.pendingOperations()).toMatchObject([{ type: "creating", resource: { urn: stack.urn("a") } }]);
    });

    test("a creation that was interrupted is told once, and forgotten when it is made up for", async ({ stack }) => {
        await stack.program(`new Thing("a");`).up();
        const file = JSON.parse(stack.stateText);
        const pending = { resource: { ...stack.stored("a"), urn: stack.urn("b"), id: undefined }, type: "creating" };
        file.checkpoint.latest.pending_operations = [pending];
        writeFileSync(stack.stateFile, JSON.stringify(file));

        const up = await stack.program(`new Thing("a"); new Thing("b");`).up();
        expect(JSON.stringify(up.diagnostics)).toContain(stack.urn("b"));
        expect(stack.pendingOperations()).toEqual([]);
        expect((await stack.up()).diagnostics).toEqual([]);
    });

    test.for<[string, string]>([
        ["resources read with `get`", `new Thing("a", {}, { id: "some-id" });`],
        ["invoke", `pulumi.runtime.invoke("enginetest:index:ask", {});`],
        ["StackReference", `new pulumi.StackReference("organization/lab/other");`],
        ["`import`", `new Thing("a", {}, { import: "some-id" });`],
        ["assets", `new Thing("a", { value: new pulumi.asset.StringAsset("text") });`],
        ["`replaceWith`|ReplaceWith", `const a = new Thing("a"); new Thing("b", {}, { replaceWith: [a] });`],
        ["DeletedWith", `const a = new Thing("a"); new Thing("b", {}, { deletedWith: a });`],
        ["transforms", `new Thing("a", {}, { transforms: [args => args] });`],
        ["hooks", `new Thing("a", {}, { hooks: { beforeCreate: [() => {}] } });`],
    ])("a program that asks for %s stops with that name, and nothing is done", async ([feature, source], { stack }) => {
        const preview = await stack.program(source).run("preview");
        expect(preview.ok).toBe(false);
        expect(errorsOf(preview)).toMatch(new RegExp(feature, "i"));
        expect(stack.calls("create")).toEqual([]);
    });

    test.for<[string, string, string]>([
        [
            "runtime option nodeargs",
            "Pulumi.yaml",
            "name: lab\nruntime:\n  name: nodejs\n  options: { typescript: false, nodeargs: --inspect }\n",
        ],
        ["runtime python", "Pulumi.yaml", "name: lab\nruntime: python\n"],
        ["environment", "Pulumi.dev.yaml", "environment: [ production ]\n"],
        ["pulumi:disable-default-providers", "Pulumi.dev.yaml", "config:\n  pulumi:disable-default-providers: ['*']\n"],
    ])("%s in the settings stops with that name", async ([feature, file, text], { stack }) => {
        stack.program("").write(file, text);
        await expect(stack.run("preview")).rejects.toThrow(feature);
    });

    test("a program without the SDK is told what to install, and the command ends", async ({ stack }) => {
        rmSync(stack.program("").path("node_modules"));
        const command = [join(repositoryRoot, "cli", "main.ts"), "preview", "--stack", "dev", "--engine", "embedded"];
        const policies = ["--policy-pack", join(import.meta.dirname, "policy")];
        const options = { cwd: stack.directory, env: stack.env };

        // It would wait for ever for a process of its own that nobody stopped.
        const failed = await promisify(execFile)(process.execPath, [...command, ...policies], options).catch(e => e);

        expect(failed).toMatchObject({ code: 1 });
        expect(failed.stdout).toContain(`${stack.directory} has no @pulumi/pulumi. Nothing was done.`);
    });

    test("a state with something unknown in it is not touched", async ({ stack }) => {
        await stack.program(`new Thing("a");`).up();
        const text = stack.stateText.replace('"custom": true', '"custom": true, "viewOf": "urn:x"');
        writeFileSync(stack.stateFile, text);
        await expect(stack.run("up")).rejects.toThrow("viewOf");
        expect(stack.stateText).toBe(text);
    });
});
