import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CommandResult, ExecOptions, HostSession } from "../../../provider/host/session.ts";

/** A session to this machine: the same commands, run by a local `sh` and without root. */
export function localSession(environment: NodeJS.ProcessEnv = {}): HostSession {
    return {
        host: "localhost",
        alive: true,
        answers: async () => true,
        exec: (command, options) => run(command, environment, options),
        moveTo() {},
        alone: work => work(localSession(environment)),
        reconnect: async () => localSession(environment),
        close() {},
    };
}

function run(command: string, environment: NodeJS.ProcessEnv, options: ExecOptions = {}): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
        const child = spawn("/bin/sh", ["-c", command], {
            env: { ...process.env, ...environment },
            signal: options.signal,
            timeout: options.timeoutMs,
        });
        const stdout: string[] = [];
        const stderr: string[] = [];
        const lines = createInterface({ input: child.stdout });
        lines.on("line", line => (options.onLine ? options.onLine(line) : stdout.push(`${line}\n`)));
        child.stderr.on("data", chunk => stderr.push(String(chunk)));
        // A shell that ends without reading its input is not an error of ours.
        child.stdin.on("error", () => {});
        child.on("error", reject);
        child.on("close", code => resolve({ code: code ?? -1, stdout: stdout.join(""), stderr: stderr.join("") }));
        child.stdin.end(options.stdin ?? "");
    });
}
