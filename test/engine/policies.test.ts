import { join } from "node:path";
import { describe, expect } from "vitest";
import type { DeployResult } from "../../cli/deploy/deploy.ts";
import { engines, stackTest, thingSteps } from "./stack.ts";

const policyPacks = [join(import.meta.dirname, "policy")];

/** Violations as `level policy resource`. */
function violationsOf(result: DeployResult): string[] {
    return result.violations.map(({ level, policy, urn }) => `${level} ${policy} ${urn.split("::").at(-1)}`);
}

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("a mandatory violation at preview stops an up before anything is done, an advisory one is only told", async ({
        stack,
    }) => {
        stack.program(`new Thing("good", { value: "calm!" }); new Thing("wrong", { value: "bad" });`);
        const up = await stack.run("up", { policyPacks });
        expect(up.ok).toBe(false);
        expect(violationsOf(up).sort()).toEqual(["advisory calm-value good", "mandatory no-forbidden-value wrong"]);
        expect(up.violations.find(({ level }) => level === "mandatory")!.message).toContain("Choose another");
        expect(stack.calls("create")).toEqual([]);
        expect(up).toMatchObject({ steps: [], changes: 0, outputs: {} });
    });

    test("a mandatory violation during an update stops that resource, and what was done is kept", async ({ stack }) => {
        stack.program(`
            const good = new Thing("good", { value: "fine" });
            new Thing("wrong", { value: good.serial.apply(() => "bad") });
        `);
        const preview = await stack.must("preview", { policyPacks });
        expect(preview.violations.filter(({ level }) => level === "mandatory")).toEqual([]);
        const up = await stack.run("up", { policyPacks });
        expect(up.ok).toBe(false);
        expect(violationsOf(up)).toEqual(["mandatory no-forbidden-value wrong"]);
        expect(stack.things()).toEqual(["good"]);
        expect(stack.stored("good")).toBeDefined();
        expect(stack.stored("wrong")).toBeUndefined();
    });

    test("a remediation changes the inputs before anything is done with them", async ({ stack }) => {
        await stack.program(`new Thing("thing", { value: "  padded " });`).up({ policyPacks });
        expect(stack.stored("thing")!.inputs!.value).toBe("padded");
    });

    test("a stack policy judges the outputs after an update, fails it, and the state is kept", async ({ stack }) => {
        stack.program(`new Thing("thing", { value: "loud" });`);
        const up = await stack.run("up", { policyPacks, skipPreview: true });
        expect(up.ok).toBe(false);
        expect(violationsOf(up)).toEqual(["mandatory outputs-not-loud thing"]);
        expect(thingSteps(up)).toEqual(["create thing"]);
        expect(stack.stored("thing")!.id).toBeDefined();

        const preview = await stack.run("preview", { policyPacks });
        expect(preview.ok).toBe(false);
        const repaired = await stack.program(`new Thing("thing", { value: "quiet" });`).run("up", { policyPacks });
        expect(repaired.ok).toBe(true);
    });

    test("a configuration file sets levels and properties", async ({ stack }) => {
        stack.program(`new Thing("thing", { value: "worse" }); new Thing("other", { value: "calm!" });`);
        stack.write(
            "policies.json",
            JSON.stringify({
                "no-forbidden-value": { enforcementLevel: "advisory", forbidden: "worse" },
                "calm-value": "disabled",
            }),
        );
        const preview = await stack.must("preview", { policyPacks, policyPackConfig: stack.path("policies.json") });
        expect(violationsOf(preview)).toEqual(["advisory no-forbidden-value thing"]);
    });
});
