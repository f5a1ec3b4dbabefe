import type { Command } from "commander";
import { HostError } from "../../provider/host/hostError.ts";
import { type ProbeAllResult, probeAll } from "../../provider/probe/probeAll.ts";
import { evidenceOf, type Run } from "../evidence/evidenceOf.ts";
import { requireWritable, writeEvidence } from "../evidence/file.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { liveProgress, plainProgress } from "./progress.ts";
import { probeText } from "./show.ts";
import { targetsOfFile, targetsOfStack } from "./targets.ts";
import { tokensIn } from "./tokens.ts";

interface ProbeFlags {
    hosts?: string;
    stack?: string;
    cwd: string;
    json?: boolean;
    out?: string;
    token: string[];
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
        .option(
            "--out <file>",
            "write the evidence there, with every connection, e.g. before.json.gz (see report, compare)",
        )
        .option(
            "--token <host=file>",
            "call this API with the bearer token in a file, too, e.g. api.doppler.com=token; may be repeated",
            (value: string, before: string[]) => [...before, value],
            [],
        )
        .addHelpText("after", "\nExit code 0: healthy. 1: found something. 2: usage. 3: could not run.");

    probe.action(async (flags: ProbeFlags) => {
        if ((flags.hosts === undefined) === (flags.stack === undefined))
            probe.error("error: give either --hosts FILE or --stack NAME", { exitCode: EXIT.usage });
        if (flags.out !== undefined) await requireWritable(flags.out);
        const { result, run } = await probed(flags);
        process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : probeText(result));
        // Last, so that a full disk takes nothing but the file.
        if (flags.out !== undefined) {
            await writeEvidence(flags.out, evidenceOf(result, run));
            process.stderr.write(`evidence: ${flags.out} (clearpath report ${flags.out} shows it)\n`);
        }
        const healthy = result.verdict.cause === "none" && result.unprobed.length === 0;
        process.exitCode = healthy ? EXIT.ok : EXIT.foundSomething;
    });
}

async function probed(flags: ProbeFlags): Promise<{ result: ProbeAllResult; run: Run }> {
    const { hosts, plan } = flags.hosts
        ? await targetsOfFile(flags.hosts)
        : await targetsOfStack(flags.stack!, flags.cwd);
    const tokens = await tokensIn(flags.token, plan);
    const stop = new AbortController();
    const progress = process.stderr.isTTY ? liveProgress(hosts, plan.stability) : plainProgress();
    process.on("SIGINT", interrupter(stop, progress.stopping));
    const startedAt = new Date();
    try {
        const result = await probeAll(hosts, plan, { ...progress.listeners, tokens, signal: stop.signal });
        const notes = stop.signal.aborted ? ["The run was stopped by Ctrl-C before its end."] : [];
        const connections = hosts.map(({ connection }) => connection);
        const secrets = Object.values(tokens);
        return { result, run: { plan, startedAt, endedAt: new Date(), notes, connections, secrets } };
    } catch (error) {
        throw error instanceof HostError ? new CouldNotRun(error.message) : error;
    } finally {
        // The listener stays: what was found is still to be printed and written.
        progress.end();
    }
}

/** A terminal's Ctrl-C comes twice, from it and from the process that started this one: what follows at once is no second one. */
const SAME_INTERRUPT_MS = 1_000;

/** What Ctrl-C does: it ends the run with what was found so far; pressed again, without. */
function interrupter(stop: AbortController, say: (sentence: string) => void): () => void {
    let first: number | undefined;
    return () => {
        if (first === undefined) {
            first = performance.now();
            say("Stopping on every host, with what was found so far. Ctrl-C again gives up.");
            stop.abort();
        } else if (performance.now() - first > SAME_INTERRUPT_MS) process.exit(130);
    };
}
