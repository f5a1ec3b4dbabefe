import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { DeployOptions } from "../../cli/deploy/deploy.ts";
import type { Lab } from "../network/lab.ts";
import type { FaultStack } from "./faultStack.ts";
import { descendantsOf, killAll, type OwnProcess, standsStill } from "./processTree.ts";

/** What a run is told, as its one argument. */
export type RunTask = Pick<
    DeployOptions,
    "operation" | "stack" | "cwd" | "stateDir" | "passphrase" | "refresh" | "expectNoChanges"
> & {
    /** Number of the step event to stop at, 1 for the first. */
    stopAt?: number;
};

export interface RunStep {
    phase: "started" | "done" | "failed";
    op: string;
    name: string;
}

export interface RunEnd {
    ok: boolean;
    changes: number;
    /** Warnings and errors. */
    messages: string[];
}

/** What a run tells: a step, or how it ended. */
export type RunLine = { step: RunStep; stopped: boolean } | { ended: RunEnd };

/** A run of a stack in the lab's runner. */
export interface FaultedRun {
    /** Steps so far. */
    readonly steps: readonly RunStep[];
    /** Resolves with the step it has stopped at, or with undefined when it ended without stopping. */
    readonly stopped: Promise<RunStep | undefined>;
    /** Resolves when the run is over; undefined when it was killed. */
    readonly ended: Promise<RunEnd | undefined>;
    /** The engine, then every process that it started. */
    processes(): OwnProcess[];
    /** Lets a stopped run go on. */
    goOn(): void;
    /** Ends the run and all that it started, at once. */
    kill(): void;
}

const RUNNER = new URL("./runnerProcess.ts", import.meta.url).pathname;

/** Starts an operation on a stack as the lab's runner would, from a process of its own. */
export function startRun(
    lab: Lab,
    stack: FaultStack,
    operation: "up" | "destroy",
    how: Pick<RunTask, "stopAt" | "refresh" | "expectNoChanges"> = {},
): FaultedRun {
    const { name, directory, stateDir } = stack;
    const task: RunTask = { operation, stack: name, cwd: directory, stateDir, passphrase: "lab", ...how };
    const [program, ...args] = lab.argv("runner", [process.execPath, RUNNER, JSON.stringify(task)]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const steps: RunStep[] = [];
    const stopped = Promise.withResolvers<RunStep | undefined>();
    let end: RunEnd | undefined;
    createInterface({ input: child.stdout }).on("line", text => {
        const line = JSON.parse(text) as RunLine;
        if ("ended" in line) end = line.ended;
        else {
            steps.push(line.step);
            if (line.stopped) void standsStill(child.pid!).then(() => stopped.resolve(line.step));
        }
    });
    const ended = once(child, "close").then(() => {
        stopped.resolve(undefined);
        return end;
    });
    const pid = child.pid!;
    return {
        steps,
        stopped: stopped.promise,
        ended,
        processes: () => descendantsOf(pid),
        goOn: () => void process.kill(pid, "SIGCONT"),
        kill: () => killAll(descendantsOf(pid)),
    };
}
