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
    preview: "Show what an up would change. No host is contacted, unless --refresh is given.",
    up: "Make the hosts what the program says: preview, then update.",
    refresh: "Read the hosts and take what is found as the stack's state. No host is changed.",
    destroy: "Undo everything the stack did, and leave every host as it was found.",
};

function collect(value: string, before: string[]): string[] {
    return [...before, value];
}

function positiveNumber(text: string): number {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return number;
    throw new InvalidArgumentError("It takes a whole number above 0.");
}

/** Adds `clearpath up`, `preview`, `refresh` and `destroy`. Flags are named as Pulumi's. */
export function deployCommand(program: Command): void {
    for (const [operation, description] of Object.entries(OPERATIONS) as [Operation, string][]) {
        const command = program
            .command(operation)
            .description(description)
            .requiredOption("-s, --stack <name>", "stack: its settings are in Pulumi.<name>.yaml")
            .addOption(
                new Option("--engine <engine>", "auto takes the Pulumi CLI where it is on PATH")
                    .choices(["auto", "pulumi", "embedded"])
                    .default("auto"),
            )
            .option("-t, --target <urn>", "limit the run to this resource; may be repeated", collect, [])
            .option("-p, --parallel <n>", "resources worked on at once", positiveNumber)
            .option("--json", "print one JSON object; progress goes to stderr");
        if (operation === "up" || operation === "preview") {
            command
                .option("--policy-pack <directory>", "judge the run by this policy pack; may be repeated", collect, [])
                .option("--policy-pack-config <file>", "JSON file with the policies' settings");
        }
        if (operation === "refresh") {
            command.option("--clear-pending-creates", "forget creations that an interrupted run never finished");
        } else command.option("-r, --refresh", "read the hosts first, so that drift is repaired");
        command.option("--expect-no-changes", "fail when anything changes, or would");
        if (operation === "up")
            command.option("--evidence <directory>", "where the evidence of its probes is kept", ".clearpath/evidence");
        if (operation === "up") command.option("-f, --skip-preview", "do it without a preview, and without asking");
        if (operation === "up" || operation === "destroy") command.option("-y, --yes", "do it without asking");
        command.action((flags: Flags) => runDeploy(operation, flags));
    }
}

/** Asks on the terminal. Without one, only --yes will do. */
async function asked(question: string): Promise<boolean> {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        const answer = await terminal.question(`${question} [y/N] `);
        return /^y(es)?$/i.test(answer.trim());
    } finally {
        terminal.close();
    }
}

/** Cancels the run at the first Ctrl-C; at the second, Node ends us at once and the state stays as it was last written. */
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
        throw new CouldNotRun(`${operation} asks before it changes anything, and there is no terminal. Give --yes.`);
    }
    const write = (text: string) => (flags.json ? process.stderr : process.stdout).write(text);
    const display = new Display(write);
    const { signal, release } = cancelOnInterrupt(() =>
        write("Cancelling: steps under way finish or are given up. Ctrl-C again ends at once.\n"),
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
        confirm: asks ? () => asked(`Do this to stack ${flags.stack}?`) : undefined,
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
