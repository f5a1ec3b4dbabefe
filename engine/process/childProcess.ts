import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How long a process may take to end by itself after SIGINT, in milliseconds; as long as Pulumi gives it. */
const GRACE_MS = 5_000;

/** How long a plugin may take to say its port, in milliseconds: a slow machine needs seconds to load a large one. */
const PORT_MS = 60_000;

/** Lines kept of a process's output, to be shown when it ends too early. */
const KEPT_LINES = 40;

export interface Exit {
    code: number | null;
    signal: NodeJS.Signals | null;
}

export interface RunningProcess {
    readonly pid: number;
    readonly exit: Promise<Exit>;
    /** The last lines it wrote. */
    output(): string;
    /** Sends SIGINT to it and to what it started, and leaves the rest to them. */
    interrupt(): void;
    /** Ends it and what it started: SIGINT, and SIGKILL when it is not gone after five seconds. */
    stop(): Promise<void>;
}

interface StartOptions {
    cwd: string;
    env: NodeJS.ProcessEnv;
    /** Keep its standard input open, so that it can notice when we are gone. */
    openInput?: boolean;
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

/** Signals a process with all that it started. One that is gone already is no error. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    try {
        process.kill(-child.pid!, signal);
    } catch {
        child.kill(signal);
    }
}

/**
 * Starts a process in a group of its own, so that Ctrl-C in the terminal reaches only the engine, which decides what
 * becomes of the running steps. Throws when it cannot be started.
 */
export async function start(command: string, args: string[], options: StartOptions): Promise<RunningProcess> {
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: options.env,
        stdio: "pipe",
        detached: true,
    });
    if (!options.openInput) child.stdin.end();
    const kept: string[] = [];
    const follow = (stream: "stdout" | "stderr") =>
        createInterface({ input: child[stream] }).on("line", line => {
            kept.push(line);
            if (kept.length > KEPT_LINES) kept.shift();
            options.onLine?.(line, stream);
        });
    follow("stdout");
    follow("stderr");
    const exit = new Promise<Exit>(resolve => child.on("close", (code, signal) => resolve({ code, signal })));
    await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", error => reject(new Error(`${command} could not be started: ${error.message}.`)));
    });
    return {
        pid: child.pid!,
        exit,
        output: () => kept.join("\n"),
        interrupt: () => signalGroup(child, "SIGINT"),
        async stop() {
            if (child.exitCode === null && child.signalCode === null) signalGroup(child, "SIGINT");
            const timer = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
            await exit;
            clearTimeout(timer);
        },
    };
}

/**
 * Starts a plugin and waits for the first line of its output, the port it serves on. Throws with what it wrote when it
 * ends before that, says something else, or says nothing for a minute; it is ended then.
 */
export async function startPlugin(
    command: string,
    args: string[],
    options: StartOptions,
): Promise<RunningProcess & { port: number }> {
    const firstLine = Promise.withResolvers<string>();
    let told = false;
    const running = await start(command, args, {
        ...options,
        openInput: true,
        onLine: (line, stream) => {
            if (stream === "stdout" && !told) {
                told = true;
                firstLine.resolve(line);
            } else options.onLine?.(line, stream);
        },
    });
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), PORT_MS);
    const ended = running.exit.then(() => "ended" as const);
    const line = await Promise.race([firstLine.promise, ended, late.promise]);
    clearTimeout(timer);
    const port = Number(line);
    if (Number.isInteger(port) && port > 0) return { ...running, port };
    await running.stop();
    const wrote = running.output() || "nothing";
    if (line === undefined) {
        const limit = `${PORT_MS / 1000} seconds`;
        throw new Error(
            `${command} did not say within ${limit} which port it serves on, and was ended. It wrote: ${wrote}`,
        );
    }
    if (line !== "ended")
        throw new Error(`${command} was ended: its first line is not the port it serves on. It wrote: ${wrote}`);
    throw new Error(`${command} ended before it said which port it serves on. It wrote: ${wrote}`);
}
