import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { startOfProcess } from "../../engine/state/lockHolder.ts";
import { withoutSecrets } from "../../network/evidence/withoutSecrets.ts";
import type { PlannedCommand } from "./plan.ts";

/** Lines of a failed command that its stage's diagnosis shows. */
const LAST_LINES = 15;
/** Between asking a command to end and ending it. */
const GRACE_MS = 10_000;
/** How often the group of a command that has ended is looked at. */
const INTERVAL_MS = 100;
/** How long the last output of a command may take to be read once its group is gone. */
const LAST_OUTPUT_MS = 1_000;

/** How a command ended. */
export interface CommandEnd {
    /** Null when a signal ended it. */
    code: number | null;
    signal: NodeJS.Signals | null;
    timedOut: boolean;
    seconds: number;
    /** The last lines it wrote, without secrets. */
    lastLines: string[];
}

export interface CommandRun {
    directory: string;
    /** Variables beside our own environment and the command's. */
    environment: Record<string, string>;
    /** File that its output is kept in, without what has the form of a secret. */
    log: string;
    /** Shows a line as the command wrote it. */
    onLine(line: string): void;
    /** Called with the process before anything waits for it, so that another process can know of it. */
    onStart(process: RunningCommand): Promise<void>;
    signal: AbortSignal;
}

/** A process that can be told from a later one of the same number. */
export interface RunningCommand {
    pid: number;
    /** When it began, by the kernel's count since boot. */
    started: string;
}

/** Waits for a line, so that a command whose runner dies before anybody can know of it never begins. */
const WHEN_TOLD = 'read -r _ && exec sh -c "$1" </dev/null';

/**
 * Runs a command of the user's in a process group of its own, until the whole group has ended. Ends the group when it
 * takes too long, or when told to. A process that left the group for a session of its own is not waited for, though it
 * may hold the output open: an SSH master connection (ControlPersist in ssh_config(5)) does so for minutes.
 */
export async function runCommand(command: PlannedCommand, run: CommandRun): Promise<CommandEnd> {
    const began = performance.now();
    const child = spawn("sh", ["-c", WHEN_TOLD, "sh", command.run], {
        cwd: run.directory,
        env: { ...process.env, ...command.environment, ...run.environment },
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
    });
    const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once("error", error =>
            reject(new Error(`sh could not be started in ${run.directory}: ${error.message}`)),
        );
        child.once("exit", (code, signal) => resolve([code, signal]));
    });
    const outputClosed = new Promise<void>(resolve => child.once("close", () => resolve()));
    // It may have been ended before it was told to begin.
    child.stdin.on("error", () => {});
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
        endGroup(child.pid, "SIGTERM");
        killer ??= setTimeout(() => endGroup(child.pid, "SIGKILL"), GRACE_MS);
    };
    const timer = setTimeout(() => {
        timedOut = true;
        stop();
    }, command.timeoutMinutes * 60_000);
    run.signal.addEventListener("abort", stop, { once: true });

    const log = createWriteStream(run.log, { mode: 0o600 });
    const lastLines: string[] = [];
    const read = (stream: Readable) =>
        createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", line => {
            run.onLine(line);
            const clean = withoutSecrets(line);
            log.write(`${clean}\n`);
            lastLines.push(clean);
            if (lastLines.length > LAST_LINES) lastLines.shift();
        });
    const outputs = [child.stdout, child.stderr];
    for (const output of outputs) read(output);

    try {
        if (child.pid !== undefined) await run.onStart({ pid: child.pid, started: startOfProcess(child.pid) ?? "" });
        if (run.signal.aborted) stop();
        child.stdin.end("\n");
        const [code, signal] = await ended;
        while (groupRuns(child.pid) && !(await settlesWithin(outputClosed, INTERVAL_MS)));
        if (!(await settlesWithin(outputClosed, LAST_OUTPUT_MS))) for (const stream of outputs) stream.destroy();
        return { code, signal, timedOut, seconds: (performance.now() - began) / 1000, lastLines };
    } finally {
        clearTimeout(timer);
        clearTimeout(killer);
        run.signal.removeEventListener("abort", stop);
        log.end();
        await finished(log);
    }
}

/** Whether a command that another process began still runs. */
export function stillRuns({ pid, started }: RunningCommand): boolean {
    return startOfProcess(pid) === started;
}

/** Whether a process of the group is left. */
function groupRuns(pid: number | undefined): boolean {
    if (pid === undefined) return false;
    try {
        process.kill(-pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

async function settlesWithin(promise: Promise<void>, ms: number): Promise<boolean> {
    const waiting = new AbortController();
    const late = sleep(ms, false, { signal: waiting.signal }).catch(() => false);
    try {
        return await Promise.race([promise.then(() => true), late]);
    } finally {
        waiting.abort();
    }
}

/** A group whose last process has just ended is no error. */
function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
    if (pid === undefined) return;
    try {
        process.kill(-pid, constants.signals[signal]);
    } catch {}
}
