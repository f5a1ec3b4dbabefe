import { type Command, Option } from "commander";
import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { readEvidence, requireWritable, writeWhole } from "./file.ts";
import { markdownReport } from "./markdown.ts";

interface ReportFlags {
    before?: string;
    out?: string;
    markdown?: boolean;
    prometheus?: boolean;
    json?: boolean;
}

/** Adds `clearpath report`. */
export function reportCommand(program: Command): void {
    program
        .command("report")
        .description("Show a run of probes: as one HTML page, as Markdown, or as metrics.")
        .argument("<evidence>", "evidence file, as clearpath probe --out writes it")
        .option("--before <file>", "evidence file of an earlier run, to show this one against")
        .option("--out <file>", "write there; default: HTML beside the evidence, the others to standard output")
        .option("--markdown", "GitHub-flavoured Markdown, small enough for a pull request")
        .addOption(
            new Option("--prometheus", "metrics for node_exporter's textfile collector").conflicts([
                "markdown",
                "before",
            ]),
        )
        .option("--json", "print what was written, and the verdict, as one JSON object")
        .addHelpText("after", "\nExit code 0: the report was made, whatever it says. 2: usage. 3: could not run.")
        .action(async (path: string, flags: ReportFlags) => {
            const target = targetOf(path, flags);
            if (target !== null) await requireWritable(target);
            const evidence = await readEvidence(path);
            const before = flags.before === undefined ? undefined : await readEvidence(flags.before);
            const text = await rendered(evidence, before, flags);
            if (target !== null) await writeWhole(target, text);
            if (flags.json) {
                const { verdict, startedAt } = evidence;
                process.stdout.write(
                    `${JSON.stringify({ out: target, startedAt, verdict, ...(target === null && { text }) }, null, 2)}\n`,
                );
            } else process.stdout.write(target === null ? text : `Report: ${target}\n`);
        });
}

/** File to write, or null for standard output. */
function targetOf(evidence: string, { out, markdown, prometheus }: ReportFlags): string | null {
    if (out !== undefined) return out;
    return markdown || prometheus ? null : `${evidence.replace(/(\.json)?(\.gz)?$/, "")}.html`;
}

/** Charts and metrics are libraries that take long to load, so only what shows them loads them. */
async function rendered(evidence: EvidenceFile, before: EvidenceFile | undefined, flags: ReportFlags): Promise<string> {
    if (flags.prometheus) {
        const { prometheusText } = await import("./prometheus.ts");
        return prometheusText(evidence);
    }
    if (flags.markdown) return markdownReport(evidence, before);
    const { reportPage } = await import("./report/page.ts");
    return reportPage(evidence, before);
}
