import Table from "cli-table3";
import type { TriedCase, TriedFault } from "./campaign.ts";
import { KINDS, WORKS } from "./fault.ts";

/** Faults tried, by what they end and by the work they strike, and how many of them cost anything. */
export function faultTable(tried: readonly TriedFault[]): string {
    const table = new Table({
        head: ["killed", ...WORKS, "tried", "lost"],
        style: { head: [], border: [], compact: true },
        colAligns: ["left", ...WORKS.map(() => "right" as const), "right", "right"],
    });
    const row = (name: string, some: readonly TriedFault[]) => [
        name,
        ...WORKS.map(work => some.filter(({ fault }) => fault.work === work).length),
        some.length,
        some.filter(({ lost }) => lost.length > 0).length,
    ];
    for (const kind of KINDS) {
        table.push(
            row(
                kind,
                tried.filter(({ fault }) => fault.kind === kind),
            ),
        );
    }
    table.push(row("all", tried));
    return table.toString();
}

/** Cases that were tried once each, and what became of them. */
export function caseTable(tried: readonly TriedCase[]): string {
    const table = new Table({ head: ["case", "lost"], style: { head: [], border: [], compact: true } });
    for (const { name, lost } of tried) table.push([name, lost.length === 0 ? "nothing" : lost.join("; ")]);
    return table.toString();
}
