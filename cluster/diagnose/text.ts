import type { Diagnosis } from "./diagnosis.ts";
import { sectionsOf } from "./words.ts";

/** A diagnosis for a terminal: the conclusion first, then what it comes from. */
export function diagnosisText(diagnosis: Diagnosis): string {
    const { cluster, conclusion } = diagnosis;
    const lines = [
        `${cluster.context} (${cluster.server})`,
        "",
        conclusion.culprit === "none" ? conclusion.sentence : `Culprit: ${conclusion.culprit}. ${conclusion.sentence}`,
        ...conclusion.actions.map(action => `  ${action}`),
    ];
    for (const { title, rows } of sectionsOf(diagnosis)) {
        lines.push("", title);
        for (const { head, facts, detail, isBlocking } of rows) {
            lines.push(`  ${isBlocking ? "✘" : "·"} ${head}`, ...facts.map(fact => `      ${fact}`));
            if (detail) lines.push(`      ${oneLine(detail)}`);
        }
    }
    return `${lines.join("\n")}\n`;
}

function oneLine(text: string): string {
    return text.replace(/\s+/g, " ").trim();
}
