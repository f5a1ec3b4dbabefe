import { join, relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import type { DeployOptions } from "../deploy/deploy.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { mitigationsText } from "./mitigations/judge.ts";
import type { RebuildResult } from "./rebuild.ts";
import type { Subject } from "./stage.ts";

/** A plan's file where none is named: beside Pulumi.yaml. */
const DEFAULT_PLAN = "rebuild.yaml";

interface Flags {
    stack: string;
    plan?: string;
    engine: DeployOptions["engine"];
    policyPack: string[];
    policyPackConfig?: string;
    resume?: boolean;
    startOver?: boolean;
    dryRun?: boolean;
    yes?: boolean;
    json?: boolean;
}

/** Adds `clearpath rebuild`. */
export function rebuildCommand(program: Command): void {
    program
        .command("rebuild")
        .description(
            "Destroy and rebuild a cluster stage by stage: set up the network first, and keep the evidence of each stage.",
        )
        .requiredOption("-s, --stack <name>", "stack: its settings are in Pulumi.<name>.yaml")
        .option(
            "--plan <file>",
            `file with your commands and gates, see docs/how-to/rebuild.md (default: ${DEFAULT_PLAN})`,
        )
        .addOption(
            new Option("--engine <engine>", "auto uses the Pulumi CLI if it is on PATH, else the embedded engine")
                .choices(["auto", "pulumi", "embedded"])
                .default("auto"),
        )
        .option("--policy-pack <directory>", "check every up against this policy pack; may be repeated", collect, [])
        .option("--policy-pack-config <file>", "JSON file with the policies' settings")
        .option("--resume", "continue the last rebuild at the stage that failed or was interrupted")
        .addOption(
            new Option(
                "--start-over",
                "start from the first stage although the last rebuild is not finished",
            ).conflicts("resume"),
        )
        .option("--dry-run", "show the stages; nothing is done, and no host is contacted")
        .option("-y, --yes", "destroy and rebuild without asking")
        .option("--json", "print the result as one JSON object; progress goes to stderr")
        .addHelpText(
            "after",
            "\nExit code 0: the cluster is rebuilt. 1: a stage failed, see its diagnosis. 2: wrong usage. 3: the rebuild could not start.",
        )
        .action(run);
}

function collect(value: string, before: string[]): string[] {
    return [...before, value];
}

async function run(flags: Flags): Promise<void> {
    // The stages load half of this program, which no other command should wait for.
    const [{ readPlan }, { rebuild }, { rebuiltNodes }] = await Promise.all([
        import("./plan.ts"),
        import("./rebuild.ts"),
        import("./nodes.ts"),
    ]);
    const cwd = process.cwd();
    const { stack, engine, policyPack: policyPacks, policyPackConfig } = flags;
    const plan = await readPlan(flags.plan ?? join(cwd, DEFAULT_PLAN));
    const subject: Subject = { stack, cwd, engine, policyPacks, policyPackConfig, plan };
    const nodes = (await rebuiltNodes(subject)).map(({ name }) => name);
    if (flags.dryRun) return showStages(subject, nodes, flags.json ?? false);

    if (!flags.yes) await ask(`Destroy ${nodes.join(", ")} of stack ${stack} and build them again?`);
    const out = flags.json ? process.stderr : process.stdout;
    const say = (line: string) => out.write(`${line}\n`);
    const { signal, release } = stopOnSignals(say);
    const options = { subject, resume: flags.resume ?? false, startOver: flags.startOver ?? false, say, signal };
    const result = await rebuild(options).finally(release);
    summarize(result, say);
    if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    process.exitCode = result.ok ? EXIT.ok : EXIT.foundSomething;
}

async function showStages(subject: Subject, nodes: string[], json: boolean): Promise<void> {
    const { stages } = await import("./stages/index.ts");
    const shown = stages.map(({ name, title, intent }) => ({ name, title, intent: intent(subject) }));
    if (json) {
        process.stdout.write(`${JSON.stringify({ stack: subject.stack, nodes, stages: shown }, null, 2)}\n`);
        return;
    }
    process.stdout.write(`Rebuild of ${nodes.join(", ")} in stack ${subject.stack}:\n`);
    for (const [index, { title, intent }] of shown.entries())
        process.stdout.write(`${String(index + 1).padStart(2)}. ${title}\n    ${intent}\n`);
}

async function ask(question: string): Promise<void> {
    if (!process.stdin.isTTY)
        throw new CouldNotRun(
            "rebuild asks before it destroys anything, and there is no terminal to ask on. Nothing was done. Give --yes.",
        );
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        const answer = await terminal.question(`${question} [y/N] `);
        if (!/^y(es)?$/i.test(answer.trim())) throw new CouldNotRun("You declined. Nothing was done.");
    } finally {
        terminal.close();
    }
}

/** A Ctrl-C arrives twice, from the terminal and from the process that started this one: a signal this soon after the first is the same one. */
const SAME_INTERRUPT_MS = 500;

/** The first Ctrl-C ends the running stage; the second ends this process at once. Both can be resumed. */
function stopOnSignals(say: (line: string) => void): { signal: AbortSignal; release: () => void } {
    const controller = new AbortController();
    let first: number | undefined;
    const stop = () => {
        if (first === undefined) {
            first = performance.now();
            say(
                "Stopping: the running stage is being ended. Continue later with --resume. Press Ctrl-C again to end at once.",
            );
            controller.abort(new Error("It was stopped by the user."));
        } else if (performance.now() - first > SAME_INTERRUPT_MS) process.exit(130);
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    return { signal: controller.signal, release: () => process.off("SIGINT", stop).off("SIGTERM", stop) };
}

function summarize({ ok, report, retries, mitigations, stack }: RebuildResult, say: (line: string) => void): void {
    if (mitigations) say(`\nWhich of your workarounds you can remove:\n${mitigationsText(mitigations).trimEnd()}`);
    say(
        `\n${retries === 0 ? "Nothing had to be tried twice." : `${retries} ${retries === 1 ? "retry was" : "retries were"} needed, see the report.`}`,
    );
    say(`Report: ${relative(process.cwd(), report)}`);
    if (!ok)
        say(`Stopped. Repair the fault that is shown above, then run: clearpath rebuild --stack ${stack} --resume`);
}
