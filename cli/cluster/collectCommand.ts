import type { Command } from "commander";
import { collectReports, PlanUnreadable, type PodReports } from "../../cluster/probeLogs/collect.ts";
import { type Verdict, verdictOf } from "../../network/verdict/index.ts";
import { evidenceOf } from "../evidence/evidenceOf.ts";
import { requireWritable, writeEvidence } from "../evidence/file.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { probeText } from "../probe/show.ts";
import { addClusterOptions, type ClusterFlags, withCluster } from "./withCluster.ts";

interface Flags extends ClusterFlags {
    json?: boolean;
    out?: string;
}

/** Adds `clearpath collect`. */
export function collectCommand(program: Command): void {
    const command = program
        .command("collect")
        .description("Gather what the pods of a ClusterProbe found in their last runs, and say what is wrong.")
        .argument("<name>", "name of the ClusterProbe");
    addClusterOptions(command)
        .option("--json", "print reports and verdict as one JSON object")
        .option("--out <file>", "write the evidence there, e.g. pods.json.gz (see report, compare)")
        .addHelpText("after", "\nExit code 0: healthy. 1: found something. 2: usage. 3: could not run.");

    command.action(async (name: string, flags: Flags) => {
        if (flags.out !== undefined) await requireWritable(flags.out);
        const found = await withCluster(flags, api => collectReports(api, name)).catch(error => {
            throw error instanceof PlanUnreadable ? new CouldNotRun(error.message) : error;
        });
        if (found === undefined)
            throw new CouldNotRun(
                `The cluster has no ClusterProbe ${name}. Nothing was read. Give the name that the program gave it.`,
            );
        const { plan, reports, unprobed } = found;
        if (reports.length === 0)
            throw new CouldNotRun(
                `No pod of ${name} has finished a run. ${unprobed.map(({ reason }) => reason).join(" ") || "It has no pods; look at its Job or DaemonSet."}`,
            );
        const result = { reports, verdict: verdictOnPods(found), unprobed };
        process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : probeText(result));
        if (flags.out !== undefined) {
            await writeEvidence(flags.out, evidenceOf(result, { plan, ...spanOf(reports) }));
            process.stderr.write(`evidence: ${flags.out} (clearpath report ${flags.out} shows it)\n`);
        }
        process.exitCode = result.verdict.cause === "none" && unprobed.length === 0 ? EXIT.ok : EXIT.foundSomething;
    });
}

/** What the pods' reports mean together, by the threshold of the plan that they ran. */
export function verdictOnPods({ plan, reports, unprobed }: PodReports): Verdict {
    const vantagePoints = [...reports, ...unprobed].map(({ vantagePoint }) => vantagePoint);
    return verdictOf(reports, { vantagePoints, threshold: plan.stability });
}

/** From the first run's beginning to the last one's end. */
function spanOf(reports: readonly { startedAt: string; seconds: number }[]): { startedAt: Date; endedAt: Date } {
    const begins = reports.map(({ startedAt }) => Date.parse(startedAt));
    const ends = reports.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1000);
    return { startedAt: new Date(Math.min(...begins)), endedAt: new Date(Math.max(...ends)) };
}
