import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Stage, StageContext, StageResult, Subject } from "../../../../cli/rebuild/stage.ts";
import { newState, outcomeOf, type RebuildState, readState, STAGES, stageOf } from "../../../../cli/rebuild/state.ts";
import { runWorkflow } from "../../../../cli/rebuild/workflow.ts";

const subject = { stack: "dev", cwd: "/", engine: "embedded", policyPacks: [] } as unknown as Subject;

let directory: string;
let ran: string[];

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "workflow-"));
    ran = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** All stages, each of which only notes that it ran, but for those given. */
function stagesWith(own: Partial<Record<string, (context: StageContext) => Promise<StageResult>>>): Stage[] {
    return STAGES.map(name => ({
        name,
        title: name,
        intent: () => name,
        async run(context) {
            ran.push(name);
            return own[name] ? own[name](context) : { outcome: "done", summary: "It did." };
        },
    }));
}

const fresh = () => newState("dev", { file: "/x", digest: "d" }, new Date());
const go = (stages: Stage[], state: RebuildState, signal = new AbortController().signal) =>
    runWorkflow({ subject, stages, state, directory, say: () => {}, signal });

test("every stage runs once, in order", async () => {
    expect(await go(stagesWith({}), fresh())).toBe(true);
    expect(ran).toEqual([...STAGES]);
});

test("a stage that fails stops the run, and resuming begins with it", async () => {
    const failing = stagesWith({ rebuild: async () => ({ outcome: "failed", summary: "No.", notes: ["Why."] }) });
    expect(await go(failing, fresh())).toBe(false);
    expect(ran.at(-1)).toBe("rebuild");

    const kept = await readState(directory);
    expect(stageOf(kept, "rebuild").attempts).toMatchObject([{ outcome: "failed", summary: "No.", notes: ["Why."] }]);
    ran = [];
    expect(await go(stagesWith({}), kept)).toBe(true);
    expect(ran[0]).toBe("rebuild");
    expect(stageOf(kept, "rebuild").attempts.map(({ outcome }) => outcome)).toEqual(["failed", "done"]);
});

test("what a stage throws is its diagnosis", async () => {
    const throwing = stagesWith({ hosts: () => Promise.reject(new Error("cp1: it does not answer.")) });

    expect(await go(throwing, fresh())).toBe(false);
    expect(stageOf(await readState(directory), "hosts").attempts[0]).toMatchObject({
        outcome: "failed",
        summary: "cp1: it does not answer.",
    });
});

test("a process that dies in a stage leaves it to be run again, as a second attempt", async () => {
    let seen: RebuildState | undefined;
    const dying = stagesWith({
        async destroy(context) {
            seen ??= await readState(directory);
            return { outcome: "done", summary: `Attempt ${context.attempt}.` };
        },
    });
    await go(dying, fresh());
    // As the file was while the stage ran: that is what a killed process leaves.
    expect(outcomeOf(stageOf(seen!, "destroy"))).toBe("running");

    ran = [];
    expect(await go(dying, seen!)).toBe(true);
    expect(ran[0]).toBe("destroy");
    expect(stageOf(seen!, "destroy").attempts.map(({ outcome, summary }) => ({ outcome, summary }))).toEqual([
        { outcome: "interrupted", summary: "The rebuild ended while this stage was running." },
        { outcome: "done", summary: "Attempt 2." },
    ]);
});

test("a run that is stopped interrupts its stage and begins no other", async () => {
    const stop = new AbortController();
    const stopping = stagesWith({
        async network() {
            stop.abort(new Error("Stopped."));
            throw stop.signal.reason;
        },
    });
    const state = fresh();

    expect(await go(stopping, state, stop.signal)).toBe(false);
    expect(ran).toEqual(["probe-before", "network"]);
    expect(outcomeOf(stageOf(state, "network"))).toBe("interrupted");
});

test("files of a second attempt do not take the place of the first's", async () => {
    const names: string[] = [];
    const naming = (outcome: "failed" | "done") =>
        stagesWith({
            async destroy(context) {
                const file = context.fileName("log");
                names.push(file);
                return { outcome, summary: "", kept: [{ title: "output", file }] };
            },
        });
    const state = fresh();
    await go(naming("failed"), state);
    await go(naming("done"), state);

    expect(names).toEqual(["04-destroy.log", "04-destroy.2.log"]);
    expect(stageOf(state, "destroy").kept.map(({ file }) => file)).toEqual(names);
});
