import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPlan } from "../../../../cli/rebuild/plan.ts";

let directory: string;
const write = async (text: string) => {
    const file = join(directory, "rebuild.yaml");
    await writeFile(file, text);
    return file;
};

beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "plan-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("a plan needs two commands and fills in the rest", async () => {
    const { plan, directory: where } = await readPlan(await write("destroy: ./down.sh\nrebuild: { run: ./up.sh }\n"));

    expect(where).toBe(directory);
    expect(plan).toMatchObject({
        destroy: { run: "./down.sh", environment: {}, timeoutMinutes: 60 },
        rebuild: { run: "./up.sh", environment: {}, timeoutMinutes: 60 },
        keepsMachineId: false,
        waitMinutes: 10,
    });
    expect(plan.bootstrap).toBeUndefined();
});

test.each([
    ["a missing command", "destroy: ./down.sh\n", /rebuild: /],
    ["an unknown key", "destroy: a\nrebuild: b\nrebiuld: c\n", /rebiuld/],
    ["a command of the wrong form", "destroy: 7\nrebuild: b\n", /destroy: write a command as text/],
    ["a wrong field of a command", "destroy: { run: a, timeoutMinutes: soon }\nrebuild: b\n", /timeoutMinutes/],
    ["a wrong name of a variable", "destroy: { run: a, environment: { 'A-B': x } }\nrebuild: b\n", /destroy: /],
    ["text that is not YAML", "destroy: [\n", /is not YAML/],
])("%s is refused with its path", async (_, text, sentence) => {
    await expect(readPlan(await write(text))).rejects.toThrow(sentence);
    await expect(readPlan(await write(text))).rejects.toThrow("Nothing was done.");
});

test("a missing plan says what to write", async () => {
    await expect(readPlan(join(directory, "none.yaml"))).rejects.toThrow(/cannot be read.*`destroy` and `rebuild`/);
});
