import { describe, expect } from "vitest";
import { engines, errorsOf, stackTest } from "./stack.ts";

/** A component that counts up to `limit`, by what it said in the last update. */
const counter = (limit: number) => `
    class Counter extends pulumi.ComponentResource {
        constructor() {
            super("enginetest:index:Counter", "counter", {}, {});
            const urn = new Promise<string>(resolve => { this.urn.apply(resolve); });
            const count = pulumi.output(urn.then(async urn => {
                const stackName = pulumi.getOrganization() + "/" + pulumi.getProject() + "/" + pulumi.getStack();
                const answer = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
                return Math.min(${limit}, (answer.outputs[urn]?.outputs?.count ?? 0) + 1);
            }));
            new Thing("thing", { value: count }, { parent: this });
            this.registerOutputs({ count });
        }
    }
    new Counter();
    new Thing("hidden", { value: pulumi.secret("a secret of another resource") });
`;

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("a component reads what it said in the last update, also at preview, until nothing changes", async ({
        stack,
    }) => {
        stack.program(counter(2));
        await stack.up();
        expect(stack.stored("thing")!.inputs).toMatchObject({ value: 1 });
        const preview = await stack.must("preview");
        expect(preview.changes).toBe(1);
        await stack.up();
        expect(stack.stored("thing")!.inputs).toMatchObject({ value: 2 });
        expect((await stack.up({ expectNoChanges: true })).changes).toBe(0);
        await stack.must("destroy");
        expect(stack.state()).toEqual([]);
    });

    test("it goes on where the embedded engine left such a component", async ({ stack }) => {
        await stack.program(counter(1)).up({ engine: "embedded" });
        const preview = await stack.must("preview", { expectNoChanges: true });
        expect(preview.changes).toBe(0);
    });
});

describe.concurrent("on the embedded engine alone", () => {
    const test = stackTest("embedded");

    test("the outputs of another stack are refused by its name", async ({ stack }) => {
        const source = `pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: "o/p/other" });`;
        const preview = await stack.program(source).run("preview");
        expect(preview.ok).toBe(false);
        expect(errorsOf(preview)).toContain("o/p/other");
    });
});
