import { spawn } from "node:child_process";
import type { CommandResult } from "../../provider/host/session.ts";

export interface CommandOptions {
    /** Sent to the command's standard input, which is then closed. */
    stdin?: string | Uint8Array;
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    timeoutMs?: number;
    /** Ends the program when it aborts. */
    signal?: AbortSignal;
}

/** Runs a program of this machine to its end. A code other than 0 is a result; a program that cannot start is an exception. */
export function command(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const [program, ...args] = argv as [string, ...string[]];
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
            stdio: ["pipe", "pipe", "pipe"],
            env: options.env ?? process.env,
            cwd: options.cwd,
            timeout: options.timeoutMs,
            killSignal: "SIGKILL",
        });
        const stop = () => child.kill("SIGTERM");
        options.signal?.addEventListener("abort", stop, { once: true });
        if (options.signal?.aborted) stop();
        const output: Buffer[] = [];
        const errors: Buffer[] = [];
        child.stdout.on("data", chunk => output.push(chunk));
        child.stderr.on("data", chunk => errors.push(chunk));
        // A command that ends without reading its input closes the pipe; its exit code tells what happened.
        child.stdin.on("error", () => {});
        child.stdin.end(options.stdin ?? "");
        child.on("error", error => reject(new Error(`cannot run ${program}: ${error.message}`)));
        child.on("close", (code, signal) => {
            options.signal?.removeEventListener("abort", stop);
            resolve({
                code: code ?? (signal === "SIGKILL" ? 137 : 143),
                stdout: Buffer.concat(output).toString(),
                stderr: Buffer.concat(errors).toString(),
            });
        });
    });
}

/** Runs a command that has to succeed and gives its standard output. `purpose` begins the error: "cannot <purpose>". */
export async function must(purpose: string, argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await command(argv, options);
    if (result.code === 0) return result.stdout;
    throw new Error(`cannot ${purpose}: ${argv[0]} ended with code ${result.code}: ${lastLines(result)}`);
}

function lastLines({ stdout, stderr }: CommandResult): string {
    const text = stderr.trim() || stdout.trim() || "it said nothing";
    return text.split("\n").slice(-4).join(" ");
}
