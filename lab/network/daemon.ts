import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { labPaths } from "./topology.ts";

/** A program of the lab that goes on after the command that started it has ended. */
export interface DaemonSpec {
    /** Name of its pid file and log, unique within an instance. */
    name: string;
    argv: readonly [string, ...string[]];
    /** Line of its standard output that says it does its work; left out, it counts as ready once it runs. */
    readyLine?: string;
}

/** Longest time a program may take until it is ready, and until it has ended once told to. */
const READY_MS = 20_000;
const END_MS = 3_000;

const pidDirectory = (instance: string) => join(labPaths(instance).run, "daemons");
const pidFile = (instance: string, name: string) => join(pidDirectory(instance), `${name}.pid`);
const logFile = (instance: string, name: string) => join(pidDirectory(instance), `${name}.log`);

/** Starts a program apart from this process, replacing one of the same name, and resolves when it is ready. */
export async function startDaemon(instance: string, spec: DaemonSpec): Promise<void> {
    await stopDaemon(instance, spec.name);
    mkdirSync(pidDirectory(instance), { recursive: true });
    const log = openSync(logFile(instance, spec.name), "w");
    const [command, ...args] = spec.argv;
    const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", log], cwd: "/" });
    closeSync(log);
    const ended = new Promise<string>(resolve => {
        child.once("error", error => resolve(error.message));
        child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    if (child.pid !== undefined) writeFileSync(pidFile(instance, spec.name), `${child.pid} ${startTime(child.pid)}\n`);

    const failure = await Promise.race([ended, readyOrLate(child.stdout!, spec.readyLine)]);
    child.stdout!.destroy();
    child.removeAllListeners();
    child.unref();
    if (failure === undefined) return;
    const said = readFileSync(logFile(instance, spec.name), "utf8").trim().split("\n").slice(-5).join(" | ");
    await stopDaemon(instance, spec.name);
    throw new Error(
        `lab ${instance}: ${spec.name} did not start: ${failure}${said ? `, saying "${said}"` : ""}. ` +
            "It is not running now. Run `clearpath lab down`, then start the lab again.",
    );
}

/** Resolves to nothing when the line came, to a sentence when it did not in time. */
async function readyOrLate(output: NodeJS.ReadableStream, readyLine: string | undefined): Promise<string | undefined> {
    if (readyLine === undefined) return undefined;
    const lines = createInterface({ input: output });
    const ready = new Promise<undefined>(resolve => {
        lines.on("line", line => line === readyLine && resolve(undefined));
    });
    const late = new AbortController();
    try {
        return await Promise.race([
            ready,
            wait(READY_MS, `it was not ready after ${READY_MS / 1000} s`, { signal: late.signal }),
        ]);
    } finally {
        late.abort();
        lines.close();
    }
}

/** Ends the program of this name, if it runs, and waits until it is gone. */
export async function stopDaemon(instance: string, name: string): Promise<void> {
    const pid = runningPid(instance, name);
    if (pid !== null) {
        signal(pid, "SIGTERM");
        if (!(await isGone(pid))) {
            signal(pid, "SIGKILL");
            await isGone(pid);
        }
    }
    rmSync(pidFile(instance, name), { force: true });
}

/** Ends every program of the instance whose name starts with `prefix`. */
export async function stopDaemons(instance: string, prefix = ""): Promise<void> {
    await Promise.all(daemonNames(instance, prefix).map(name => stopDaemon(instance, name)));
}

/** Names of the programs that were started and not stopped, whether or not they still run. */
export function daemonNames(instance: string, prefix = ""): string[] {
    try {
        return readdirSync(pidDirectory(instance))
            .filter(file => file.startsWith(prefix) && file.endsWith(".pid"))
            .map(file => file.slice(0, -".pid".length));
    } catch {
        return [];
    }
}

/** Process id of a program that was started here and still runs. Start times tell it from a stranger with its number. */
export function runningPid(instance: string, name: string): number | null {
    let recorded: string;
    try {
        recorded = readFileSync(pidFile(instance, name), "utf8").trim();
    } catch {
        return null;
    }
    const [pid, started] = recorded.split(" ");
    return startTime(Number(pid)) === started && started !== "" ? Number(pid) : null;
}

/** Field 22 of /proc/PID/stat (proc(5)): when the process started. Empty when it is gone or a zombie. */
function startTime(pid: number): string {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return fields[0] === "Z" ? "" : (fields[19] ?? "");
    } catch {
        return "";
    }
}

function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch {
        // It ended by itself in the meantime, which is what was wanted.
    }
}

async function isGone(pid: number): Promise<boolean> {
    const deadline = Date.now() + END_MS;
    while (startTime(pid) !== "") {
        if (Date.now() > deadline) return false;
        await wait(10);
    }
    return true;
}
