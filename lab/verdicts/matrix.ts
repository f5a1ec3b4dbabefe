import Table from "cli-table3";
import type { Verdict } from "../../network/verdict/index.ts";

/** What a verdict is called in the matrix: its cause, and the direction where it has one. */
export function labelOf({ cause, direction }: Partial<Pick<Verdict, "cause" | "direction">>): string {
    return [cause, direction].filter(word => word).join(" ");
}

/** What was expected and what was named, once for each run. */
export interface Outcome {
    expected: string;
    named: string;
}

/** A confusion matrix: a row for each verdict that was expected, a column for each that was expected or named. */
export function confusionMatrix(outcomes: readonly Outcome[]): string {
    const rows = sorted(outcomes.map(({ expected }) => expected));
    const columns = sorted(outcomes.flatMap(({ expected, named }) => [expected, named]));
    const count = (row: string, column: string) =>
        outcomes.filter(({ expected, named }) => expected === row && named === column).length;
    const table = new Table({
        head: ["expected \\ named", ...columns.map((_, index) => letterOf(index))],
        style: { head: [], border: [], compact: true },
        colAligns: ["left", ...columns.map(() => "right" as const)],
    });
    for (const row of rows) {
        const marked = `${letterOf(columns.indexOf(row))}  ${row}`;
        table.push([marked, ...columns.map(column => count(row, column) || (row === column ? "0" : "·"))]);
    }
    const never = columns.filter(column => !rows.includes(column));
    const legend = never.map(column => `${letterOf(columns.indexOf(column))}  ${column} (never expected)\n`).join("");
    return `${table.toString()}\n${legend}`;
}

function sorted(labels: readonly string[]): string[] {
    return [...new Set(labels)].sort();
}

function letterOf(index: number): string {
    return String.fromCharCode("A".charCodeAt(0) + index);
}
