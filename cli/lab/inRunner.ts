import { spawn } from "node:child_process";
import { namespacePath } from "../../lab/topology.ts";
import type { RunnerAnswers, RunnerTask } from "./runnerTask.ts";

const WORKER = new URL("./runnerWorker.ts", import.meta.url).pathname;

/**
 * Does one task as the lab's runner would: in a process of its own inside the runner's network namespace, so that it
 * reaches the hosts by no other way than the lab's network. What it shows goes to standard error as it happens.
 */
export function inRunner<K extends RunnerTask["kind"]>(
    instance: string,
    task: Extract<RunnerTask, { kind: K }>,
    environment: NodeJS.ProcessEnv = {},
): Promise<RunnerAnswers[K]> {
    const inNamespace = [`--net=${namespacePath(instance, "runner")}`, "--", process.execPath, WORKER];
    const worker = spawn("nsenter", inNamespace, {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, ...environment },
    });
    const answer: Buffer[] = [];
    worker.stdout.on("data", chunk => answer.push(chunk));
    worker.stdin.end(JSON.stringify(task));
    return new Promise((resolve, reject) => {
        worker.on("error", error => reject(new Error(`cannot enter the runner's namespace: ${error.message}`)));
        worker.on("close", code => {
            if (code === 0) resolve(JSON.parse(Buffer.concat(answer).toString()) as RunnerAnswers[K]);
            else
                reject(
                    new Error(
                        `the ${task.kind} in the runner's namespace ended with code ${code}; its words are above`,
                    ),
                );
        });
    });
}
