import { text } from "node:stream/consumers";
import { probeAll } from "../../provider/probe/probeAll.ts";
import { deploy } from "../deploy/deploy.ts";
import { Display } from "../deploy/display.ts";
import type { RunnerTask } from "./runnerTask.ts";

/** Runs one task from standard input. Its answer is all there is on standard output; people read standard error. */
const task = JSON.parse(await text(process.stdin)) as RunnerTask;
process.stdout.write(JSON.stringify(await answer()));

async function answer() {
    if (task.kind === "probe") return probeAll(task.hosts, task.plan, {});
    if (task.quiet) return deploy(task.options);
    const display = new Display(shown => process.stderr.write(shown.replace(/^(?=.)/gm, "   ")));
    const result = await deploy({ ...task.options, onEvent: display.event });
    display.summary(result, task.options.operation);
    return result;
}
