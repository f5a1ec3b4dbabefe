import { spawn } from "node:child_process";
import { namespacePath } from "../network/topology.ts";
import type { RunnerAnswers, RunnerReply, RunnerTask } from "./runnerTask.ts";

const WORKER = new URL("./runnerWorker.ts", import.meta.url).pathname;

/**
 * Does one task as the lab's runner would: in a process of its own inside the runner's network namespace, so that it
 * reaches the hosts by no other way than the lab's network. What it shows goes to standard error as it happens.
 */
export async function inRunner<K extends RunnerTask["kind"]>(
    instance: string,
    task: Extract<RunnerTask, { kind: K }>,
    environment: NodeJS.ProcessEnv = {},
): Promise<RunnerAnswers[K]> {
    const inNamespace = [`--net=${namespacePath(instance, "runner")}`, "--", process.execPath, WORKER];
    const worker = spawn("nsenter", inNamespace, {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, ...environment },
    });
    const answered: Buffer[] = [];
    worker.stdout.on("data", chunk => answered.push(chunk));
    // A worker that dies before it has read its task closes the pipe; its exit code tells.
    worker.stdin.on("error", () => {});
    worker.stdin.end(JSON.stringify(task));
    const code = await new Promise((resolve, reject) => {
        worker.on("error", error => reject(new Error(`cannot enter the runner's namespace: ${error.message}`)));
        worker.on("close", (code, signal) => resolve(code ?? signal));
    });
    if (code !== 0) {
        throw new Error(`the ${task.kind} in the runner's namespace ended with ${code}; its error is above`);
    }
    const reply = JSON.parse(Buffer.concat(answered).toString()) as RunnerReply<K>;
    if ("failure" in reply) throw new Error(reply.failure);
    return reply.answer;
}
