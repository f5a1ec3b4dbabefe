import type { Diagnosis } from "./diagnosis.ts";
import { oneLine, sectionsOf } from "./words.ts";

/** A diagnosis as GitHub-flavoured Markdown: for a comment, or the summary of a workflow's step. */
export function diagnosisMarkdown(diagnosis: Diagnosis): string {
    const { blocking, cluster, conclusion, at, notLookedAt } = diagnosis;
    const culprit = conclusion.culprit === "none" ? "" : `**Culprit: ${conclusion.culprit}.** `;
    const advice = [...conclusion.actions, ...notLookedAt.map(what => `Not looked at: ${what}.`)];
    const parts = [
        `### ${blocking ? "❌" : "✅"} ${plain(cluster.context)}`,
        `${culprit}${plain(conclusion.sentence)}`,
        ...(advice.length > 0 ? [advice.map(action => `- ${withCode(action)}`).join("\n")] : []),
        ...sectionsOf(diagnosis).map(({ title, summary, rows, more }) => {
            const lines = rows.map(({ head, facts, detail, isBlocking }) =>
                [isBlocking ? "✘" : "", code(head), facts.map(plain).join("<br>"), detail ? code(detail) : ""].join(
                    " | ",
                ),
            );
            const isOpen = rows.some(row => row.isBlocking);
            const table = `| | | | |\n|---|---|---|---|\n${lines.map(line => `| ${line} |`).join("\n")}`;
            const body = [
                ...summary.map(plain),
                table,
                ...(more > 0 ? [`and ${more} more: \`--json\` lists all`] : []),
            ];
            return `<details${isOpen ? " open" : ""}><summary>${title} (${rows.length + more})</summary>\n\n${body.join("\n\n")}\n\n</details>`;
        }),
        `${plain(cluster.server)}, ${at.slice(0, 19).replace("T", " ")} UTC`,
    ];
    return `${parts.join("\n\n")}\n`;
}

/** Advice with its commands as code: names of other people's objects within it are no markup. */
function withCode(text: string): string {
    return text
        .split("`")
        .map((part, index) => (index % 2 === 0 ? spaced(part) : code(part)))
        .join("");
}

/** Plain text that keeps one space at either end, where it has some. */
function spaced(text: string): string {
    return `${/^\s/.test(text) ? " " : ""}${plain(text)}${/\s$/.test(text) ? " " : ""}`;
}

/** Text of a cell as it is: nothing of it is markup, a link or somebody's name. */
function plain(text: string): string {
    return oneLine(text)
        .replace(/[\\`*_[\]<>|#~]/g, "\\$&")
        .replaceAll("@", "@\u200b");
}

/** A message as code: a longer fence than any within. */
function code(text: string): string {
    const line = oneLine(text).replaceAll("|", "\\|");
    const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = "`".repeat(longest + 1);
    const pad = longest > 0 ? " " : "";
    return `${fence}${pad}${line}${pad}${fence}`;
}
