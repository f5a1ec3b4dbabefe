import type { Diagnosis } from "./diagnosis.ts";
import { sectionsOf } from "./words.ts";

/** A diagnosis as GitHub-flavoured Markdown: for a comment, or the summary of a workflow's step. */
export function diagnosisMarkdown(diagnosis: Diagnosis): string {
    const { blocking, cluster, conclusion, at } = diagnosis;
    const culprit = conclusion.culprit === "none" ? "" : `**Culprit: ${conclusion.culprit}.** `;
    const parts = [
        `### ${blocking ? "❌" : "✅"} ${plain(cluster.context)}`,
        `${culprit}${plain(conclusion.sentence)}`,
        ...(conclusion.actions.length > 0 ? [conclusion.actions.map(action => `- ${action}`).join("\n")] : []),
        ...sectionsOf(diagnosis).map(({ title, rows }) => {
            const lines = rows.map(({ head, facts, detail, isBlocking }) =>
                [isBlocking ? "✘" : "", code(head), facts.map(plain).join("<br>"), detail ? code(detail) : ""].join(
                    " | ",
                ),
            );
            const isOpen = rows.some(row => row.isBlocking);
            const table = `| | | | |\n|---|---|---|---|\n${lines.map(line => `| ${line} |`).join("\n")}`;
            return `<details${isOpen ? " open" : ""}><summary>${title} (${rows.length})</summary>\n\n${table}\n\n</details>`;
        }),
        `${plain(cluster.server)}, ${at.slice(0, 19).replace("T", " ")} UTC`,
    ];
    return `${parts.join("\n\n")}\n`;
}

/** Text of a cell as it is: nothing of it is markup, a link or somebody's name. */
function plain(text: string): string {
    return text
        .replace(/\s+/g, " ")
        .replace(/[\\`*_[\]<>|#~]/g, "\\$&")
        .replaceAll("@", "@\u200b");
}

/** A message as code: a longer fence than any within. */
function code(text: string): string {
    const line = text.replace(/\s+/g, " ").trim().replaceAll("|", "\\|");
    const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = "`".repeat(longest + 1);
    const pad = longest > 0 ? " " : "";
    return `${fence}${pad}${line}${pad}${fence}`;
}
