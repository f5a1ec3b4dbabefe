import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { HostError } from "../../provider/host/hostError.ts";
import { type ProbeAllResult, probeAll } from "../../provider/probe/probeAll.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { probeText } from "../probe/show.ts";
import { targetsOfFile, targetsOfStack } from "../probe/targets.ts";

interface ProbeFlags {
    hosts?: string;
    stack?: string;
    cwd: string;
    json?: boolean;
    out?: string;
}

/** Adds `clearpath probe`. */
export function probeCommand(program: Command): void {
    const probe = program
        .command("probe")
        .description("Probe the way out from several hosts at once, and say what is wrong. Changes nothing on them.")
        .option("--hosts <file>", "YAML or JSON: `hosts` with name, role and connection; `probe` for the plan")
        .option("--stack <name>", "take gateway, nodes and plan from a stack's configuration")
        .option("--cwd <directory>", "directory of the Pulumi program, with --stack", ".")
        .option("--json", "print reports and verdict as one JSON object")
        .option("--out <file>", "write reports and verdict, with every connection, to a JSON file")
        .addHelpText("after", "\nExit code 0: healthy. 1: found something. 2: usage. 3: could not run.");

    probe.action(async (flags: ProbeFlags) => {
        if ((flags.hosts === undefined) === (flags.stack === undefined))
            probe.error("error: give either --hosts FILE or --stack NAME", { exitCode: EXIT.usage });
        const result = await run(flags);
        const json = `${JSON.stringify(result, null, 2)}\n`;
        if (flags.out !== undefined) await write(flags.out, json);
        process.stdout.write(flags.json ? json : probeText(result));
        const healthy = result.verdict.cause === "none" && result.unprobed.length === 0;
        process.exitCode = healthy ? EXIT.ok : EXIT.foundSomething;
    });
}

async function run(flags: ProbeFlags): Promise<ProbeAllResult> {
    const { hosts, plan } = flags.hosts
        ? await targetsOfFile(flags.hosts)
        : await targetsOfStack(flags.stack!, flags.cwd);
    const stop = new AbortController();
    const onInterrupt = () => stop.abort();
    process.once("SIGINT", onInterrupt);
    try {
        const onProgress = (sentence: string) => process.stderr.write(`${sentence}\n`);
        return await probeAll(hosts, plan, { onProgress, signal: stop.signal });
    } catch (error) {
        throw error instanceof HostError ? new CouldNotRun(error.message) : error;
    } finally {
        process.removeListener("SIGINT", onInterrupt);
    }
}

async function write(file: string, text: string): Promise<void> {
    await writeFile(file, text).catch((error: Error) => {
        throw new CouldNotRun(`${file} cannot be written: ${error.message}. The probes ran; give another --out.`);
    });
}
