import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, vi } from "vitest";
import { engines, stackTest, thingSteps } from "./stack.ts";

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("resources are created after what they depend on, left alone when nothing changed, and deleted before it", async ({
        stack,
    }) => {
        stack.program(`
            const first = new Thing("first", { value: "one" });
            const second = new Thing("second", { value: first.serial });
            new Thing("third", { value: "free" }, { dependsOn: second });
            new Box("box", { value: "inside" });
            export const serial = second.serial;
        `);
        const up = await stack.must("up");
        expect(stack.order("create").filter(call => call !== "create box-inner")).toEqual([
            "create first",
            "create second",
            "create third",
        ]);
        expect(up.changes).toBe(4);
        expect(up.outputs.serial).toBe(stack.stored("second")!.id);
        expect(stack.stored("second")!.inputs!.value).toBe(stack.stored("first")!.id);
        expect(stack.stored("box-inner")!.parent).toBe(stack.urn("box", "enginetest:index:Box"));
        expect(stack.stored("box")!.outputs).toEqual({ serial: stack.stored("box-inner")!.id });

        stack.clearCalls();
        const second = await stack.up({ expectNoChanges: true });
        expect(second.changes).toBe(0);
        expect(new Set(second.steps.map(({ op }) => op))).toEqual(new Set(["same"]));
        expect(stack.calls("create", "update", "delete")).toEqual([]);

        stack.clearCalls();
        const destroy = await stack.must("destroy");
        const order = stack.order("delete").filter(call => call !== "delete box-inner");
        expect(order).toEqual(["delete third", "delete second", "delete first"]);
        expect(destroy.changes).toBe(4);
        expect(stack.things()).toEqual([]);
        expect(stack.state()).toEqual([]);
    });

    test("a preview changes nothing, and knows what an update would give only in part", async ({ stack }) => {
        stack.program(`
            const first = new Thing("first", { value: "one" });
            const second = new Thing("second", { value: first.serial, plain: first.value });
            export const known = second.value.apply(value => "never applied in a preview");
            export const echoed = first.value;
        `);
        const preview = await stack.must("preview");
        expect(thingSteps(preview)).toEqual(["create first", "create second"]);
        expect(preview.changes).toBe(2);
        expect(preview.outputs.echoed).toBe("one");
        expect(preview.outputs.known).not.toBe("never applied in a preview");
        expect(stack.calls("create")).toEqual([]);
        expect(stack.things()).toEqual([]);
    });

    test("a changed input updates in place, and its dependents follow", async ({ stack }) => {
        const program = (value: string) => `
            const first = new Thing("first", { value: "${value}" });
            new Thing("second", { value: first.shout });
        `;
        await stack.program(program("one")).up();
        const id = stack.stored("first")!.id;
        stack.clearCalls();
        const up = await stack.program(program("two")).up();
        expect(stack.order("update")).toEqual(["update first", "update second"]);
        expect(thingSteps(up)).toEqual(["update first", "update second"]);
        expect(up.changes).toBe(2);
        expect(stack.stored("first")!.id).toBe(id);
        expect(stack.stored("second")!.inputs!.value).toBe("TWO");
    });

    test("a resource that left the program is deleted at the end", async ({ stack }) => {
        await stack.program(`new Thing("stays"); new Thing("goes");`).up();
        stack.clearCalls();
        const up = await stack.program(`new Thing("stays"); new Thing("comes");`).up();
        expect(stack.order("create", "delete")).toEqual(["create comes", "delete goes"]);
        expect(up.changes).toBe(2);
        expect(stack.things()).toEqual(["comes", "stays"]);
    });

    test("independent resources are worked on at the same time, as many as --parallel says", async ({ stack }) => {
        stack.program(`
            for (const name of ["a", "b", "c"]) new Thing(name, { waitFor: "${stack.path("go")}" });
        `);
        const up = stack.up({ parallel: 2 });
        await vi.waitUntil(() => stack.calls("create").length === 2, { timeout: 60_000 });
        writeFileSync(stack.path("go"), "");
        await up;
        expect(readFileSync(`${stack.world}/parallel`, "utf8")).toBe("2");
    });

    test("a refresh records inputs and outputs as they are now, and what is gone", async ({ stack }) => {
        stack.program(`
            new Thing("drifted", { value: "one" });
            const gone = new Thing("gone", { value: "one" });
            new Thing("dependent", { value: "free" }, { dependsOn: gone });
        `);
        await stack.up();
        const file = (name: string) => `${stack.world}/things/${stack.stored(name)!.id}.json`;
        writeFileSync(file("drifted"), readFileSync(file("drifted"), "utf8").replace("one", "drifted"));
        rmSync(file("gone"));

        const refresh = await stack.must("refresh");
        expect(refresh.changes).toBe(2);
        expect(stack.stored("drifted")!.inputs!.value).toBe("drifted");
        expect(stack.stored("drifted")!.outputs!.shout).toBe("DRIFTED");
        expect(stack.stored("gone")).toBeUndefined();
        expect(stack.stored("dependent")!.dependencies ?? []).toEqual([]);

        const up = await stack.up();
        expect(
            thingSteps(up)
                .filter(step => !step.startsWith("same"))
                .sort(),
        ).toEqual(["create gone", "update drifted"]);
        expect(stack.stored("drifted")!.inputs!.value).toBe("one");
    });

    test("up --refresh finds drift and repairs it in the same run", async ({ stack }) => {
        await stack.program(`new Thing("drifted", { value: "one" }); new Thing("fine", { value: "one" });`).up();
        const file = `${stack.world}/things/${stack.stored("drifted")!.id}.json`;
        writeFileSync(file, readFileSync(file, "utf8").replace("one", "drifted"));
        const plain = await stack.up();
        expect(plain.changes).toBe(0);
        const up = await stack.up({ refresh: true });
        expect(up.changes).toBe(1);
        expect(readFileSync(file, "utf8")).toContain("one");
        const again = await stack.up({ refresh: true, expectNoChanges: true });
        expect(again.changes).toBe(0);
    });

    test("expect-no-changes fails a preview that would change something, and an update that did", async ({ stack }) => {
        stack.program(`new Thing("a");`);
        const preview = await stack.run("preview", { expectNoChanges: true });
        expect(preview.ok).toBe(false);
        const up = await stack.run("up", { skipPreview: true, expectNoChanges: true });
        expect(up.ok).toBe(false);
        expect(stack.things()).toEqual(["a"]);
        expect((await stack.up({ expectNoChanges: true })).changes).toBe(0);
    });
});
