import type { Comparison } from "../../network/evidence/change.ts";
import { compareEvidence } from "../../network/evidence/compare.ts";
import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { CAUSE_IN_WORDS, minuteOf, mtuInWords } from "../../network/evidence/words.ts";
import { FAMILY_NAMES, IP_FAMILIES } from "../../network/family.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { isGood } from "../../network/probe/reportOf.ts";
import { changeInWords, pValueInWords, rateInWords } from "./changeInWords.ts";

/** Differences shown at most: the rest is in the page. */
const MOST_CHANGES = 12;

/** A run as GitHub-flavoured Markdown: verdict, what to do, against an earlier run, who reaches what. */
export function markdownReport(evidence: EvidenceFile, before?: EvidenceFile): string {
    const { verdict, unprobed, reports, startedAt } = evidence;
    const sign = verdict.cause !== "none" ? "❌" : unprobed.length > 0 ? "⚠️" : "✅";
    const parts = [
        `### ${sign} ${CAUSE_IN_WORDS[verdict.cause]}`,
        `${plain(verdict.summary)} Verdict: \`${verdict.cause}\`, confidence ${Math.floor(verdict.confidence * 100)} %, probed ${minuteOf(startedAt)}.`,
        ...(before ? [againstBefore(before, compareEvidence(before, evidence))] : []),
        ...list(
            "**What to do**",
            verdict.actions.map(({ sentence }) => sentence),
        ),
        ...list("**To know**", [
            ...unprobed.map(({ vantagePoint, reason }) => `${vantagePoint} was not probed. ${reason}`),
            ...verdict.alsoSeen.map(({ cause, summary }) => `Also seen (${cause}): ${summary}`),
            ...verdict.advisories,
        ]),
        ...(reports.length > 0
            ? [
                  `<details${verdict.cause === "none" ? "" : " open"}><summary>Who reaches what</summary>\n\n${reachTable(evidence)}\n\n</details>`,
              ]
            : []),
    ];
    return `${parts.join("\n\n")}\n`;
}

function list(title: string, lines: string[]): string[] {
    return lines.length === 0 ? [] : [`${title}\n\n${lines.map(line => `- ${plain(line)}`).join("\n")}`];
}

function againstBefore(before: EvidenceFile, { changes, worse, better }: Comparison): string {
    const shown = (["worse", "better"] as const).flatMap(judgement =>
        changes.filter(change => change.judgement === judgement),
    );
    const rows = shown.slice(0, MOST_CHANGES).map(change => {
        const { where, what, before: was, after: is } = changeInWords(change);
        return [change.judgement, where, what, was, is, pValueInWords(change)];
    });
    const more = shown.length > rows.length ? `\n\n… and ${shown.length - rows.length} more.` : "";
    const counts = `Before it was \`${before.verdict.cause}\`: **${worse} worse, ${better} better**.`;
    return rows.length === 0
        ? counts
        : `${counts}\n\n${table(["", "where", "what", "before", "after", "p"], rows)}${more}`;
}

function reachTable({ reports, plan }: EvidenceFile): string {
    const endpoints = [...new Set(reports.flatMap(report => report.endpoints.map(({ endpoint }) => endpoint)))];
    const images = [...new Set(reports.flatMap(({ pulls }) => pulls.map(({ image }) => image)))];
    const connections = (report: VantageReport, endpoint: string) => {
        const samples = report.samples.filter(sample => sample.endpoint === endpoint);
        return rateInWords({
            succeeded: samples.filter(sample => isGood(sample, plan.stability)).length,
            attempts: samples.length,
        });
    };
    const pull = (report: VantageReport, image: string) => {
        const found = report.pulls.find(one => one.image === image);
        return found ? rateInWords(found) : "none tried";
    };
    const directions = IP_FAMILIES.flatMap(family =>
        (["download", "upload"] as const).map(direction => ({ family, direction })),
    );
    const rows = [
        ...endpoints.map(endpoint => [endpoint, ...reports.map(report => connections(report, endpoint))]),
        ...images.map(image => [`pull ${image}`, ...reports.map(report => pull(report, image))]),
        ...directions.map(({ family, direction }) => [
            `path MTU, ${FAMILY_NAMES[family]} ${direction}`,
            ...reports.map(({ pathMtu }) => {
                const mtu = pathMtu[family]?.[direction];
                return mtu ? mtuInWords(mtu) : "not measured";
            }),
        ]),
    ];
    return table(["", ...reports.map(({ vantagePoint }) => vantagePoint)], rows);
}

/** A table of plain texts. */
export function table(head: string[], rows: string[][]): string {
    const line = (cells: string[]) => `| ${cells.map(plain).join(" | ")} |`;
    return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Text that Markdown, HTML in it, and GitHub's mentions and references leave as it is, on one line. */
export function plain(text: string): string {
    return text
        .replace(/\s+/g, " ")
        .replace(/&/g, "&amp;")
        .replace(/[\\`*_{}[\]<>|~#]/g, character => `\\${character}`)
        .replace(/@/g, "@\u200b");
}

/** Text of several lines as it is. A fence longer than any in it cannot be closed from inside. */
export function fenced(text: string, language = "text"): string {
    const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
    const fence = "`".repeat(longest + 1);
    return `${fence}${language}\n${text}\n${fence}`;
}
