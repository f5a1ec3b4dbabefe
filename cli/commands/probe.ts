import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { ProbePlan } from "../../network/probe/plan.ts";
import { HostError } from "../../provider/host/hostError.ts";
import { type ProbeAllOptions, type ProbeAllResult, type ProbedHost, probeAll } from "../../provider/probe/probeAll.ts";
import { evidenceOf, type Run } from "../evidence/evidenceOf.ts";
import { requireWritable, writeEvidence } from "../evidence/file.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { LiveTable } from "../probe/liveTable.ts";
import { probeText } from "../probe/show.ts";
import { targetsOfFile, targetsOfStack } from "../probe/targets.ts";

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
    const progress = process.stderr.isTTY ? liveProgress(hosts) : plainProgress();
    const onInterrupt = interrupter(stop, progress.stopping);
    process.on("SIGINT", onInterrupt);
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
        process.removeListener("SIGINT", onInterrupt);
        progress.end();
    }
}

/** Reads tokens from their files: as arguments, every user of this machine would see them. */
async function tokensIn(given: readonly string[], plan: ProbePlan): Promise<Record<string, string>> {
    const read = given.map(async (text): Promise<[string, string]> => {
        const [, host, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
        if (!host || !file) throw new CouldNotRun(`--token ${text} is not of the form host=file. Nothing was probed.`);
        if (!plan.endpoints.some(endpoint => endpoint.kind === "api" && endpoint.host === host))
            throw new CouldNotRun(`${host} is none of the plan's APIs. Nothing was probed. Add it to probe.endpoints.`);
        const token = await readFile(file, "utf8").catch((error: Error) => {
            throw new CouldNotRun(`The token for ${host} cannot be read: ${error.message}. Nothing was probed.`);
        });
        if (!/^[\x21-\x7e]+$/.test(token.trim()))
            throw new CouldNotRun(`${file} does not hold a token alone. Nothing was probed. Write it on one line.`);
        return [host, token.trim()];
    });
    return Object.fromEntries(await Promise.all(read));
}

/** How a run is shown while it goes on. */
interface Progress {
    listeners: ProbeAllOptions;
    stopping(sentence: string): void;
    end(): void;
}

/** A table that is redrawn in place. */
function liveProgress(hosts: readonly ProbedHost[]): Progress {
    const names = hosts.map(({ vantagePoint }) => vantagePoint);
    const table = new LiveTable(process.stderr, names);
    return {
        listeners: {
            onHeard: (name, soFar) => table.heard(name, soFar),
            onEnd: (sentence, name) => table.ended(name, sentence),
        },
        stopping: sentence => table.footer(sentence),
        end: () => table.end(),
    };
}

/** A line as each host begins and ends. */
function plainProgress(): Progress {
    const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
    return { listeners: { onBegin: name => say(`${name}: probing`), onEnd: say }, stopping: say, end: () => {} };
}

/** A terminal's Ctrl-C comes twice, from it and from the process that started this one: what follows at once is no second one. */
const SAME_INTERRUPT_MS = 500;

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
