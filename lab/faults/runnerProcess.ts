import { writeSync } from "node:fs";
import { deploy } from "../../cli/deploy/deploy.ts";
import type { StepEvent } from "../../engine/protocol/events.ts";
import { nameOf } from "../../engine/protocol/urn.ts";
import type { RunLine, RunTask } from "./faultedRun.ts";

/**
 * One run in the lab's runner, for a fault to strike at: tells every step as a line of JSON, and stops itself (SIGSTOP)
 * in the very moment of the step that it is told to, until it is let go or killed.
 */
const { stopAt, ...options } = JSON.parse(process.argv[2]!) as RunTask;
let told = 0;

function tell(line: RunLine): void {
    writeSync(1, `${JSON.stringify(line)}\n`);
}

function onStep({ phase, op, urn, counted }: StepEvent): void {
    if (!counted || op === "same") return;
    told++;
    const stopped = told === stopAt;
    tell({ step: { phase, op, name: nameOf(urn) }, stopped });
    if (stopped) process.kill(process.pid, "SIGSTOP");
}

try {
    const result = await deploy({
        ...options,
        engine: "embedded",
        policyPacks: [],
        skipPreview: true,
        // One step after the other, so that a number names the same one each time.
        parallel: 1,
        onEvent: event => (event.kind === "step" ? onStep(event) : undefined),
    });
    const messages = result.diagnostics.filter(({ severity }) => severity !== "info").map(({ message }) => message);
    tell({ ended: { ok: result.ok, changes: result.changes, messages } });
} catch (error) {
    tell({ ended: { ok: false, changes: 0, messages: [(error as Error).message] } });
}
