import { describe, expect } from "vitest";
import { engines, errorsOf, stackTest, thingSteps } from "./stack.ts";

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("a protected resource is neither deleted nor replaced until it is unprotected, and children inherit it", async ({
        stack,
    }) => {
        const program = (kind: string, protect: boolean) => `
            new Box("box", { kind: "${kind}" }, { protect: ${protect} });
        `;
        await stack.program(program("a", true)).up();
        expect(stack.stored("box-inner")!.protect).toBe(true);

        const replaced = await stack.program(program("b", true)).run("up", { skipPreview: true });
        expect(replaced.ok).toBe(false);
        expect(errorsOf(replaced)).toMatch(/protect/);
        const removed = await stack.program("").run("up", { skipPreview: true });
        expect(removed.ok).toBe(false);
        const destroyed = await stack.run("destroy");
        expect(destroyed.ok).toBe(false);
        expect(stack.calls("delete")).toEqual([]);
        expect(stack.things()).toEqual(["box-inner"]);

        await stack.program(program("a", false)).up();
        await stack.must("destroy");
        expect(stack.things()).toEqual([]);
    });

    test("retainOnDelete forgets the resource and leaves the thing", async ({ stack }) => {
        await stack.program(`new Thing("kept", {}, { retainOnDelete: true });`).up();
        await stack.must("destroy");
        expect(stack.calls("delete")).toEqual([]);
        expect(stack.things()).toEqual(["kept"]);
        expect(stack.state()).toEqual([]);
    });

    test("renamed resources are found by their aliases, children by their parents'", async ({ stack }) => {
        await stack
            .program(`
                const first = new Thing("first", { value: "one" });
                new Thing("dependent", { value: first.serial });
                new Box("box", { value: "inside" });
            `)
            .up();
        stack.clearCalls();
        const up = await stack
            .program(`
                const first = new Thing("renamed", { value: "one", label: "first" }, { aliases: [{ name: "first" }] });
                new Thing("dependent", { value: first.serial });
                new Box("crate", { value: "inside", label: "box-inner" }, { aliases: [{ name: "box" }] });
            `)
            .up();
        expect(stack.calls("create", "delete")).toEqual([]);
        expect(up.changes).toBe(0);
        expect(stack.stored("renamed")).toBeDefined();
        expect(stack.stored("first")).toBeUndefined();
        expect(stack.stored("crate-inner")!.parent).toBe(stack.urn("crate", "enginetest:index:Box"));
        expect(stack.stored("dependent")!.dependencies).toEqual([stack.urn("renamed")]);
    });

    test("custom timeouts reach the plugin in seconds and are kept in the state", async ({ stack }) => {
        await stack.program(`new Thing("slow", {}, { customTimeouts: { create: "1m30s", delete: "2h" } });`).up();
        expect(stack.calls("create")[0]!.timeout).toBe(90);
        expect(stack.stored("slow")!.customTimeouts).toEqual({ create: 90, delete: 7200 });
    });

    test("an explicit provider serves its resources and what is inside components, and goes after them", async ({
        stack,
    }) => {
        const program = (prefix: string) => `
            const provider = new Provider("mine", { prefix: "${prefix}" });
            new Thing("named", {}, { provider });
            new Box("box", {}, { provider });
            new Thing("plain");
        `;
        await stack.program(program("my-")).up();
        const reference = `${stack.urn("mine", "pulumi:providers:enginetest")}::${stack.stored("mine")!.id}`;
        expect(stack.stored("named")!.provider).toBe(reference);
        expect(stack.stored("box-inner")!.provider).toBe(reference);
        expect(stack.stored("plain")!.provider).toContain("::default::");
        expect(stack.stored("named")!.inputs!.label).toBe("my-named");
        expect(stack.stored("plain")!.inputs!.label).toBe("plain");

        stack.clearCalls();
        const up = await stack.program(program("other-")).up();
        expect(up.changes).toBe(0);
        expect(stack.stored("mine")!.inputs).toEqual({ prefix: "other-" });

        const destroy = await stack.must("destroy");
        const gone = destroy.steps.map(({ urn }) => urn.split("::").at(-1));
        expect(gone.indexOf("mine")).toBeGreaterThan(gone.indexOf("named"));
    });

    test("targets limit an update to themselves, and a target whose dependency is left out is refused by name", async ({
        stack,
    }) => {
        const program = (value: string) => `
            const first = new Thing("first", { value: "${value}" });
            new Thing("second", { value: "${value}" });
            new Thing("third", { value: "${value}" }, { dependsOn: first });
        `;
        await stack.program(program("one")).up();
        stack.clearCalls();
        const up = await stack.program(program("two")).up({ targets: [stack.urn("second")] });
        expect(stack.order("create", "update", "delete")).toEqual(["update second"]);
        expect(up.changes).toBe(1);
        expect(stack.stored("first")!.inputs!.value).toBe("one");

        const refused = await stack
            .program(`const fresh = new Thing("fresh"); new Thing("second", {}, { dependsOn: fresh });`)
            .run("up", { skipPreview: true, targets: [stack.urn("second")] });
        expect(refused.ok).toBe(false);
        expect(errorsOf(refused)).toContain(stack.urn("fresh"));

        const dependents = await stack.run("destroy", { targets: [stack.urn("first")] });
        expect(dependents.ok).toBe(false);
        expect(errorsOf(dependents)).toContain(stack.urn("third"));
        stack.clearCalls();
        await stack.must("destroy", { targets: [stack.urn("first"), stack.urn("third")] });
        expect(stack.order("delete")).toEqual(["delete third", "delete first"]);
        expect(stack.things()).toEqual(["second"]);
    });

    test("a target that does not exist is refused by name", async ({ stack }) => {
        await stack.program(`new Thing("first");`).up();
        const up = await stack.run("up", { skipPreview: true, targets: [stack.urn("nobody")] });
        expect(up.ok).toBe(false);
        expect(errorsOf(up)).toContain(stack.urn("nobody"));
        expect(thingSteps(up).filter(step => !step.startsWith("same"))).toEqual([]);
    });
});
