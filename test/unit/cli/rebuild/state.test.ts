import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newState, readState, writeState } from "../../../../cli/rebuild/state.ts";

let directory: string;
const file = () => join(directory, "state.json");

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "state-"));
    await writeState(directory, newState("dev", { file: "/x/rebuild.yaml", digest: "d" }, new Date(0)));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("a state is read as it was written", async () => {
    expect(await readState(directory)).toEqual(newState("dev", { file: "/x/rebuild.yaml", digest: "d" }, new Date(0)));
});

test("a state that is cut off anywhere is refused, never guessed", async () => {
    const whole = await readFile(file(), "utf8");
    for (let length = 0; length < whole.length - 2; length += 97) {
        await writeFile(file(), whole.slice(0, length));
        await expect(readState(directory)).rejects.toThrow(/is damaged/);
    }
});

test.each([
    ["of a later version", { version: 2 }, /has version 2.*Go on with the clearpath that began it/],
    ["of something else", { format: "other" }, /is no state of a rebuild/],
    ["with a wrong value", { notes: 3 }, /is not valid at notes/],
    ["with a stage less", { stages: [] }, /has other stages/],
])("a state %s is refused", async (_, change, sentence) => {
    const state = JSON.parse(await readFile(file(), "utf8"));
    await writeFile(file(), JSON.stringify({ ...state, ...change }));

    await expect(readState(directory)).rejects.toThrow(sentence);
});

test("a wrong state is not written over a right one", async () => {
    const wrong = { ...(await readState(directory)), startedAt: "yesterday" };

    await expect(writeState(directory, wrong)).rejects.toThrow();
    expect((await readState(directory)).startedAt).toBe(new Date(0).toISOString());
});
