import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openCrypter } from "../../engine/state/secrets.ts";
import { engines, stackTest, TestStack } from "./stack.ts";

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const PASSPHRASE = "correct horse";

describe.concurrent.each(engines)("on the %s engine", engine => {
    const test = stackTest(engine);

    test("secrets stay secrets on every way through a program, and are nowhere in clear but with the plugin", async ({
        stack,
    }) => {
        stack.program(
            `
            const word = pulumi.secret("swordfish");
            const first = new Thing("first", { value: word, nested: { list: ["a", word] } });
            new Thing("second", { value: first.shout }, { additionalSecretOutputs: ["shout"] });
            new Thing("third", { value: "open" }, { additionalSecretOutputs: ["shout"] });
            export const whole = first.nested;
            export const echoed = first.value;
        `.replace("first.nested", "(first as unknown as { value: unknown }).value"),
        );
        const events: unknown[] = [];
        const up = await stack.must("up", { onEvent: event => events.push(event) });
        expect(
            stack
                .thingFiles()
                .map(file => readFileSync(file, "utf8"))
                .join(),
        ).toContain("swordfish");
        expect(stack.stateText).not.toMatch(/swordfish/i);
        expect(JSON.stringify([events, up])).not.toMatch(/swordfish/i);
        expect(up.outputs).toEqual({ whole: "[secret]", echoed: "[secret]" });

        const { ciphertext } = stack.stored("first")!.inputs!.value as { ciphertext: string };
        const salt = JSON.parse(stack.stateText).checkpoint.latest.secrets_providers.state.salt;
        expect((await openCrypter(salt, PASSPHRASE)).decrypt(ciphertext)).toBe('"swordfish"');
        expect(JSON.stringify(stack.stored("third")!.outputs!.shout)).toContain(SECRET);
        expect((await stack.must("up", { expectNoChanges: true })).changes).toBe(0);
    });

    test("configuration reaches the program and the default provider, objects as JSON and secure values in clear", async ({
        stack,
    }) => {
        stack.program("").config({});
        await stack.up();
        const salt = /^encryptionsalt: (.*)$/m.exec(readFileSync(stack.path("Pulumi.dev.yaml"), "utf8"))![1]!;
        const secure = (await openCrypter(salt, PASSPHRASE)).encrypt("hush");
        stack.config({
            "lab:list": [{ b: 2, a: "<one>" }],
            word: { secure },
            "lab:number": 1400,
            "enginetest:prefix": "cfg-",
            "enginetest:token": { secure },
        });
        await stack
            .program(`
                const config = new pulumi.Config();
                new Thing("a", {
                    list: config.requireObject("list"),
                    number: config.requireNumber("number"),
                    value: config.requireSecret("word"),
                    isSecret: pulumi.runtime.isConfigSecret("lab:word"),
                });
            `)
            .up();
        const thing = stack.stored("a")!.inputs!;
        expect(thing.list).toEqual([{ b: 2, a: "<one>" }]);
        expect(thing.number).toBe(1400);
        expect(thing.isSecret).toBe(true);
        expect(JSON.stringify(thing.value)).toContain(SECRET);
        expect(thing.label).toBe("cfg-a");
        expect(stack.calls("configure").at(-1)!.args).toMatchObject({ prefix: "cfg-", token: { value: "hush" } });
        expect(JSON.stringify(stack.stored("default")!.inputs!.token)).toContain(SECRET);
        expect(stack.stateText).not.toContain("hush");
    });

    test("a wrong passphrase stops before anything is done and says which variable to set", async ({ stack }) => {
        await stack.program(`new Thing("a", { value: pulumi.secret("x") });`).up();
        stack.clearCalls();
        const wrong = stack.run("up", { passphrase: "battery staple" });
        await expect(wrong).rejects.toThrow(/passphrase/);
        expect(stack.calls()).toEqual([]);
    });
});

test("both engines take over each other's state without a change", { skip: engines.length === 1 }, async () => {
    const stack = new TestStack("embedded");
    try {
        stack.program(`
            const first = new Thing("first", { value: pulumi.secret("one") });
            new Box("box", { value: first.serial }, { protect: true });
            new Thing("last", {}, { dependsOn: first, customTimeouts: { create: "5m" }, ignoreChanges: ["x"] });
            export const serial = first.serial;
        `);
        await stack.up();
        const taken = await stack.must("up", { engine: "pulumi", expectNoChanges: true });
        expect(taken.engine).toBe("pulumi");
        const back = await stack.must("up", { engine: "embedded", expectNoChanges: true });
        expect(back.changes).toBe(0);
        expect(stack.calls("create")).toHaveLength(3);
    } finally {
        stack.remove();
    }
});
