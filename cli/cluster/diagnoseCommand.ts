import { appendFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { diagnose } from "../../cluster/diagnose/diagnose.ts";
import type { Diagnosis } from "../../cluster/diagnose/diagnosis.ts";
import { diagnosisMarkdown } from "../../cluster/diagnose/markdown.ts";
import type { AskHost } from "../../cluster/diagnose/nodeNetwork.ts";
import { diagnosisText } from "../../cluster/diagnose/text.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { targetsOfFile, targetsOfStack } from "../probe/targets.ts";
import { hostAsker } from "./askHost.ts";
import { addClusterOptions, type ClusterFlags, withCluster } from "./withCluster.ts";

interface Flags extends ClusterFlags {
    hosts?: string;
    stack?: string;
    cwd: string;
    gate: string[];
    json?: boolean;
    markdown?: boolean;
    githubStepSummary?: boolean;
}

/** Adds `clearpath diagnose`. */
export function diagnoseCommand(program: Command): void {
    const command = program
        .command("diagnose")
        .description(
            "Say why a deploy hangs: image pulls, pods, nodes, sources, releases. Reads the cluster and changes nothing.",
        );
    addClusterOptions(command)
        .addOption(new Option("--hosts <file>", "hosts to ask for MTU, route and resolver by SSH").conflicts("stack"))
        .option("--stack <name>", "take those hosts from a stack's configuration")
        .option("--cwd <directory>", "directory of the Pulumi program, with --stack", ".")
        .addOption(
            new Option("--gate <what>", "judge these too (repeatable): with secrets, ExternalSecrets and their stores")
                .choices(["secrets"])
                .argParser((value: string, before: string[]) => [...before, value])
                .default([], "none"),
        )
        .addOption(new Option("--json", "print one JSON object").conflicts("markdown"))
        .option("--markdown", "print GitHub-flavoured Markdown")
        .option("--github-step-summary", "add the Markdown to the summary of the workflow's step as well")
        .addHelpText(
            "after",
            "\nExit code 0: nothing blocks; what is still at work does not. 1: something does. 2: usage. 3: nothing could be read.",
        );

    command.action(async (flags: Flags) => {
        const unknown = flags.gate.find(gate => gate !== "secrets");
        if (unknown !== undefined)
            command.error(`error: there is no gate ${unknown}; there is: secrets`, { exitCode: EXIT.usage });
        const summary = flags.githubStepSummary ? summaryFile() : undefined;
        const diagnosis = await diagnosed(flags);
        process.stdout.write(shown(diagnosis, flags));
        if (summary !== undefined) await appendFile(summary, diagnosisMarkdown(diagnosis));
        process.exitCode = diagnosis.blocking ? EXIT.foundSomething : EXIT.ok;
    });
}

async function diagnosed(flags: Flags): Promise<Diagnosis> {
    const targets = flags.hosts
        ? await targetsOfFile(flags.hosts)
        : flags.stack
          ? await targetsOfStack(flags.stack, flags.cwd)
          : undefined;
    const asker = targets && hostAsker(targets.hosts);
    const askHost: AskHost | undefined = asker?.ask;
    try {
        const secrets = flags.gate.includes("secrets");
        return await withCluster(flags, api => diagnose(api, { askHost, secrets }));
    } finally {
        asker?.close();
    }
}

function shown(diagnosis: Diagnosis, { json, markdown }: Flags): string {
    if (json) return `${JSON.stringify(diagnosis, null, 2)}\n`;
    return markdown ? diagnosisMarkdown(diagnosis) : diagnosisText(diagnosis);
}

function summaryFile(): string {
    const file = process.env.GITHUB_STEP_SUMMARY;
    if (file) return file;
    throw new CouldNotRun(
        "GITHUB_STEP_SUMMARY is not set, so there is no summary to add to. Run this in a workflow's step, or leave the flag out.",
    );
}
