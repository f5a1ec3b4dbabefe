import { text } from "node:stream/consumers";
import { probeAll } from "../../provider/probe/probeAll.ts";
import { deploy } from "../deploy/deploy.ts";
import { printEvent } from "../deploy/display.ts";
import type { RunnerTask } from "./runnerTask.ts";

/** Runs one task from standard input; its answer is the only thing on standard output. */
const task = JSON.parse(await text(process.stdin)) as RunnerTask;
const say = (line: string) => process.stderr.write(`   ${line}\n`);

const answer =
    task.kind === "probe"
        ? await probeAll(task.hosts, task.plan, { onProgress: say })
        : await deploy({ ...task.options, onEvent: task.quiet ? () => {} : printEvent(say) });
process.stdout.write(JSON.stringify(answer));
