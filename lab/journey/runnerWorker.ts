import { text } from "node:stream/consumers";
import { deploy } from "../../cli/deploy/deploy.ts";
import { Display } from "../../cli/deploy/display.ts";
import { searchingUp } from "../../cli/deploy/searchingUp.ts";
import { probeAll } from "../../provider/probe/probeAll.ts";
import type { RunnerAnswers, RunnerReply, RunnerTask } from "./runnerTask.ts";

/** Runs one task from standard input. Its reply is all there is on standard output; people read standard error. */
const task = JSON.parse(await text(process.stdin)) as RunnerTask;
process.stdout.write(JSON.stringify(await reply(task)));

async function reply(task: RunnerTask): Promise<RunnerReply<RunnerTask["kind"]>> {
    try {
        return { answer: await answer(task) };
    } catch (error) {
        const { message, stack } = error as Error;
        if (process.env.CLEARPATH_DEBUG) process.stderr.write(`${stack}\n`);
        return { failure: message };
    }
}

async function answer(task: RunnerTask): Promise<RunnerAnswers[RunnerTask["kind"]]> {
    if (task.kind === "probe") return probeAll(task.hosts, task.plan, {});
    const show = (shown: string) => task.quiet || process.stderr.write(shown.replace(/^(?=.)/gm, "   "));
    const display = new Display(show);
    const { evidence, ...options } = task.options;
    const told = { ...options, onEvent: display.event };
    const say = (sentence: string) => show(`${sentence}\n`);
    const result = await (options.operation === "up" ? searchingUp({ ...told, evidence, say }) : deploy(told));
    display.summary(result, task.options.operation);
    return result;
}
