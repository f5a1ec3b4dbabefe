// Runs all tests. Those of the lab mostly wait, two files at a time, so all others run beside them.
//   npm test                     all
//   npm test -- ARGS OF VITEST…  those that Vitest chooses by the arguments, in one run
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../cli/root.ts";

const args = process.argv.slice(2);

function vitest(args: readonly string[], stdio: "inherit" | "pipe"): ChildProcess {
    const argv = [join(repositoryRoot, "node_modules/vitest/vitest.mjs"), "run", ...args];
    // A pipe is no terminal, and its text ends up where this one's does.
    const env = { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: "1" }) };
    return spawn(process.execPath, argv, { stdio: ["ignore", stdio, stdio], cwd: repositoryRoot, env });
}

/** Exit code of a run. What it wrote to a pipe is shown in one piece, so that two runs do not mix. */
function ended(run: ChildProcess): Promise<number> {
    const written: Buffer[] = [];
    for (const stream of [run.stdout, run.stderr]) stream?.on("data", (chunk: Buffer) => written.push(chunk));
    return new Promise((resolve, reject) => {
        run.on("error", reject);
        run.on("close", code => {
            process.stdout.write(Buffer.concat(written));
            resolve(code ?? 1);
        });
    });
}

const runs =
    args.length > 0
        ? [vitest(args, "inherit")]
        : [vitest(["--project=lab"], "inherit"), vitest(["--project=!lab"], "pipe")];
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
        for (const run of runs) run.kill(signal);
    });
process.exitCode = Math.max(...(await Promise.all(runs.map(ended))));
