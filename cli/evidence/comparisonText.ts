import Table from "cli-table3";
import type { Change, Comparison, Judgement } from "../../network/evidence/change.ts";
import { changeInWords, pValueInWords } from "./changeInWords.ts";

const PLAIN = { head: [], border: [] };

/** Rows without lines between them: a comparison can have many. */
const COMPACT = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };

/** In the order an operator wants them. */
const SHOWN: readonly Exclude<Judgement, "same">[] = ["worse", "better", "different"];

/** A comparison for people: what got worse, what got better, and how much was looked at. */
export function comparisonText(comparison: Comparison): string {
    const { changes, worse, better, notes, tests, confidence } = comparison;
    const rows = SHOWN.flatMap(judgement => changes.filter(change => change.judgement === judgement));
    const lines = [headline(comparison)];
    if (rows.length > 0) lines.push("", tableOf(rows));
    lines.push(
        "",
        `${worse} worse, ${better} better, ${changes.length - rows.length} without a difference that shows. ` +
            `${tests} tests; with ${Math.round(confidence * 100)} % confidence none of them is wrong about a difference.`,
    );
    if (notes.length > 0) lines.push("", ...notes.map(note => `Note: ${note}`));
    return `${lines.join("\n")}\n`;
}

/** The result in one line. */
export function headline({ changes, worse, better }: Comparison): string {
    const verdict = changes.find(change => change.kind === "verdict");
    const causes = verdict ? `Verdict: ${verdict.before.cause} before, ${verdict.after.cause} after. ` : "";
    if (worse > 0) return `${causes}Something got worse.`;
    return `${causes}${better > 0 ? "Nothing got worse, and something got better." : "Nothing got worse."}`;
}

function tableOf(changes: Change[]): string {
    const table = new Table({ head: ["", "where", "what", "before", "after", "p"], style: PLAIN, chars: COMPACT });
    for (const change of changes) {
        const { where, what, before, after } = changeInWords(change);
        table.push([change.judgement, where, what, before, after, pValueInWords(change)]);
    }
    return table.toString();
}
