import { tmpdir } from "node:os";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startPlugin } from "../../../../engine/process/childProcess.ts";

afterEach(() => {
    vi.useRealTimers();
});

const plugin = (script: string, onLine?: (line: string) => void) =>
    startPlugin("sh", ["-c", script], { cwd: tmpdir(), env: process.env, onLine });

describe("a plugin", () => {
    test("is up when it has said its port", async () => {
        const running = await plugin("echo 4711; exec cat");
        expect(running.port).toBe(4711);
        await running.stop();
    });

    test("that says nothing is ended after a minute, with what it wrote", async () => {
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        const loading = Promise.withResolvers<void>();
        const starting = plugin("echo loading >&2; exec sleep 600", () => loading.resolve());
        await loading.promise;
        vi.advanceTimersByTime(60_000);

        await expect(starting).rejects.toThrow(/^sh did not say within 60 seconds which port.*It wrote: loading$/);
    });

    test.each([
        ["ends before it says its port", "echo broken >&2; exit 1", /ended before it said which port.*wrote: broken/],
        ["says something else first", "echo Hello; exec sleep 600", /first line is not the port.*It wrote: Hello/],
    ])("that %s is refused", async (_, script, sentence) => {
        await expect(plugin(script)).rejects.toThrow(sentence);
    });
});
