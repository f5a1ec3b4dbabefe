import { createInterface } from "node:readline/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CouldNotRun, EXIT } from "../exit.ts";
import { type DeployOptions, type DeployResult, deploy, type EngineChoice, type Operation } from "./deploy.ts";
import { Display } from "./display.ts";
import { searchingUp } from "./searchingUp.ts";

interface Flags {
    stack: string;
    engine: EngineChoice;
    policyPack: string[];
    policyPackConfig?: string;
    refresh?: boolean;
    target: string[];
    parallel?: number;
    expectNoChanges?: boolean;
    skipPreview?: boolean;
    clearPendingCreates?: boolean;
    json?: boolean;
    yes?: boolean;
    evidence?: string;
}

const OPERATIONS: Record<Operation, string> = {
    preview: "Show what `clearpath up` would change. No host is contacted unless you give --refresh.",
    up: "Preview the stack, then change the hosts so that they match the program.",
    refresh: "Read every host and write its present settings into the stack's state. No host is changed.",
    destroy: "Remove everything the stack made, and put every host back to how it was before.",
};

function collect(value: string, before: string[]): string[] {
    return [...before, value];
}

function positiveNumber(text: string): number {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return number;
    throw new InvalidArgumentError("Give a whole number above 0.");
}

/** Adds `clearpath up`, `preview`, `refresh` and `destroy`. Flags are named as Pulumi's. */
export function deployCommand(program: Command): void {
    for (const [operation, description] of Object.entries(OPERATIONS) as [Operation, string][]) {
        const command = program
            .command(operation)
            .description(description)
            .requiredOption("-s, --stack <name>", "stack: its settings are in Pulumi.<name>.yaml")
            .addOption(
                new Option("--engine <engine>", "auto uses the Pulumi CLI if it is on PATH, else the embedded engine")
                    .choices(["auto", "pulumi", "embedded"])
                    .default("auto"),
            )
            .option("-t, --target <urn>", "limit the run to this resource; may be repeated", collect, [])
            .option("-p, --parallel <n>", "how many resources are worked on at the same time", positiveNumber)
            .option("--json", "print one JSON object; progress goes to stderr");
        if (operation === "up" || operation === "preview") {
            command
                .option(
                    "--policy-pack <directory>",
                    "check the run against this policy pack; may be repeated",
                    collect,
                    [],
                )
                .option("--policy-pack-config <file>", "JSON file with the policies' settings");
        }
        if (operation === "refresh") {
            command.option(
                "--clear-pending-creates",
                "remove resources from the state whose creation an interrupted run never finished",
            );
        } else
            command.option(
                "-r, --refresh",
                "read the hosts first, so that changes made outside Clearpath are found and repaired",
            );
        command.option("--expect-no-changes", "exit with 1 when the run changes anything, or would change anything");
        if (operation === "up")
            command.option(
                "--evidence <directory>",
                "directory for the evidence files of the probes",
                ".clearpath/evidence",
            );
        if (operation === "up")
            command.option("-f, --skip-preview", "change the hosts without a preview and without asking");
        if (operation === "up" || operation === "destroy")
            command.option("-y, --yes", "change the hosts without asking");
        command.action((flags: Flags) => runDeploy(operation, flags));
    }
}

/** Asks on the terminal. Without a terminal, only --yes works. */
async function asked(question: string): Promise<boolean> {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        const answer = await terminal.question(`${question} [y/N] `);
        return /^y(es)?$/i.test(answer.trim());
    } finally {
        terminal.close();
    }
}

/** Cancels the run at the first Ctrl-C; at the second, Node ends this process at once, and the state stays as it was last written. */
function cancelOnInterrupt(onCancel: () => void): { signal: AbortSignal; release: () => void } {
    const controller = new AbortController();
    const cancel = () => {
        process.off("SIGINT", cancel).off("SIGTERM", cancel);
        onCancel();
        controller.abort();
    };
    process.on("SIGINT", cancel).on("SIGTERM", cancel);
    return {
        signal: controller.signal,
        release: () => process.off("SIGINT", cancel).off("SIGTERM", cancel),
    };
}

async function runDeploy(operation: Operation, flags: Flags): Promise<void> {
    const asks = (operation === "up" || operation === "destroy") && !flags.yes && !flags.skipPreview;
    if (asks && !process.stdin.isTTY) {
        throw new CouldNotRun(
            `${operation} asks before it changes anything, and there is no terminal to ask on. Nothing was changed. Give --yes.`,
        );
    }
    const write = (text: string) => (flags.json ? process.stderr : process.stdout).write(text);
    const display = new Display(write);
    const { signal, release } = cancelOnInterrupt(() =>
        write(
            "Cancelling: no new step starts, and running steps finish or are undone. Press Ctrl-C again to end at once.\n",
        ),
    );
    const options: DeployOptions = {
        operation,
        stack: flags.stack,
        cwd: process.cwd(),
        engine: flags.engine,
        refresh: flags.refresh,
        skipPreview: flags.skipPreview,
        clearPendingCreates: flags.clearPendingCreates,
        targets: flags.target,
        expectNoChanges: flags.expectNoChanges,
        policyPacks: flags.policyPack ?? [],
        policyPackConfig: flags.policyPackConfig,
        parallel: flags.parallel,
        onEvent: display.event,
        confirm: asks ? () => asked(`Make these changes to stack ${flags.stack}?`) : undefined,
        signal,
    };
    const say = (sentence: string) => write(`${sentence}\n`);
    const run = operation === "up" ? searchingUp({ ...options, evidence: flags.evidence, say }) : deploy(options);
    const result = await run.finally(release);
    display.summary(result, operation);
    if (flags.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    process.exitCode = exitCodeOf(result);
}

function exitCodeOf(result: DeployResult): number {
    return result.ok ? EXIT.ok : EXIT.foundSomething;
}
