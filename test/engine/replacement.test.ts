import { describe, expect } from "vitest";
import { engines, errorsOf, stackTest, thingSteps } from "./stack.ts";

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("a plugin that deletes before it replaces has dependents that would be replaced go first and come back after", async ({
        stack,
    }) => {
        const program = (kind: string) => `
            const root = new Thing("root", { kind: "${kind}" });
            const replaced = new Thing("replaced", { kind: root.serial });
            new Thing("updated", { value: root.serial });
            new Thing("untouched", { value: "free" }, { dependsOn: replaced });
        `;
        await stack.program(program("a")).up();
        stack.clearCalls();
        const up = await stack.program(program("b")).up();
        expect(stack.order("create", "update", "delete")).toEqual([
            "delete replaced",
            "delete root",
            "create root",
            ...stack.order("create", "update", "delete").slice(3),
        ]);
        expect(stack.order("create", "update", "delete").slice(3).sort()).toEqual([
            "create replaced",
            "update updated",
        ]);
        expect(thingSteps(up).filter(step => step.endsWith(" root"))).toEqual([
            "delete-replaced root",
            "replace root",
            "create-replacement root",
        ]);
        expect(up.changes).toBe(3);
        expect(stack.things()).toEqual(["replaced", "root", "untouched", "updated"]);
        expect(stack.state().some(resource => resource.pendingReplacement || resource.delete)).toBe(false);
    });

    test("another replacement creates the new one, moves its dependents, and deletes the old one last", async ({
        stack,
    }) => {
        const program = (fresh: string) => `
            const root = new Thing("root", { fresh: "${fresh}" });
            new Thing("dependent", { value: root.serial });
        `;
        await stack.program(program("a")).up();
        stack.clearCalls();
        await stack.program(program("b")).up();
        expect(stack.order("create", "update", "delete")).toEqual(["create root", "update dependent", "delete root"]);
        expect(stack.things()).toEqual(["dependent", "root"]);
    });

    test("deleteBeforeReplace of the program overrides the plugin", async ({ stack }) => {
        const program = (value: string) => `
            new Thing("early", { fresh: "${value}" }, { deleteBeforeReplace: true });
            new Thing("late", { kind: "${value}" }, { deleteBeforeReplace: false });
        `;
        await stack.program(program("a")).up();
        stack.clearCalls();
        await stack.program(program("b")).up();
        const order = stack.order("create", "delete");
        expect(order.indexOf("delete early")).toBeLessThan(order.indexOf("create early"));
        expect(order.indexOf("create late")).toBeLessThan(order.indexOf("delete late"));
    });

    test("replaceOnChanges makes an update a replacement, and ignoreChanges keeps the old value", async ({ stack }) => {
        const program = (value: string) => `
            new Thing("replaced", { value: "${value}" }, { replaceOnChanges: ["value"] });
            new Thing("kept", { value: "${value}", settings: { a: "${value}", b: "${value}" } }, { ignoreChanges: ["value", "settings.a"] });
        `;
        await stack.program(program("one")).up();
        const id = stack.stored("replaced")!.id;
        stack.clearCalls();
        const up = await stack.program(program("two")).up();
        expect(thingSteps(up)).toContain("replace replaced");
        expect(thingSteps(up)).toContain("update kept");
        expect(stack.stored("replaced")!.id).not.toBe(id);
        expect(stack.stored("kept")!.inputs).toMatchObject({ value: "one", settings: { a: "one", b: "two" } });
    });

    test("a deletion that fails leaves the replacement and the old one in the state, and the next run deletes it", async ({
        stack,
    }) => {
        const program = (fresh: string, sticky: boolean) =>
            `new Thing("root", { fresh: "${fresh}", sticky: ${sticky} });`;
        await stack.program(program("a", true)).up();
        const failed = await stack.program(program("b", false)).run("up", { skipPreview: true });
        expect(failed.ok).toBe(false);
        expect(errorsOf(failed)).toContain("the thing cannot be deleted");
        expect(
            stack
                .state()
                .filter(resource => resource.urn === stack.urn("root"))
                .map(resource => resource.delete ?? false),
        ).toEqual([false, true]);
        stack.clearCalls();
        const again = await stack.run("up", { skipPreview: true });
        expect(again.ok).toBe(false);
        expect(stack.order("create", "delete")).toEqual(["delete root"]);
    });

    test("a creation that fails after the old one was deleted is made up for by the next run", async ({ stack }) => {
        const program = (kind: string, fail: boolean) => `new Thing("root", { kind: "${kind}", fail: ${fail} });`;
        await stack.program(program("a", false)).up();
        const failed = await stack.program(program("b", true)).run("up", { skipPreview: true });
        expect(failed.ok).toBe(false);
        expect(stack.stored("root")!.pendingReplacement).toBe(true);
        stack.clearCalls();
        await stack.program(program("b", false)).up();
        expect(stack.order("create", "delete")).toEqual(["create root"]);
        expect(stack.stored("root")!.pendingReplacement).toBeUndefined();
    });
});
