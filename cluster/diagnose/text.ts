import type { Diagnosis } from "./diagnosis.ts";
import { oneLine, sectionsOf } from "./words.ts";

/** A diagnosis for a terminal: the conclusion first, then what it comes from. */
export function diagnosisText(diagnosis: Diagnosis): string {
    const { cluster, conclusion, notLookedAt } = diagnosis;
    const culprit = conclusion.culprit === "none" ? "" : `Culprit: ${conclusion.culprit}. `;
    const lines = [
        `${cluster.context} (${cluster.server})`,
        "",
        oneLine(`${culprit}${conclusion.sentence}`),
        ...conclusion.actions.map(action => `  ${oneLine(action)}`),
        ...notLookedAt.map(what => `  Not looked at: ${oneLine(what)}.`),
    ];
    for (const { title, summary, rows, more } of sectionsOf(diagnosis)) {
        lines.push("", title, ...summary.map(paragraph => `  ${oneLine(paragraph)}`));
        for (const { head, facts, detail, isBlocking } of rows) {
            lines.push(`  ${isBlocking ? "✘" : "·"} ${oneLine(head)}`, ...facts.map(fact => `      ${oneLine(fact)}`));
            if (detail) lines.push(`      ${oneLine(detail)}`);
        }
        if (more > 0) lines.push(`  and ${more} more: --json lists all`);
    }
    return `${lines.join("\n")}\n`;
}
