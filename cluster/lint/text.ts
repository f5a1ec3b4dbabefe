import type { Finding, Fixed, LintResult, Severity } from "./finding.ts";

/** How many other waiters are named below a finding; `--json` has them all. */
const NAMED_WAITERS = 8;

/** Findings for people: errors first, then warnings, then notes, each by file; chains drawn, and a last line that counts. */
export function formatText({ findings, fixed = [], known = 0 }: LintResult): string {
    const lines: string[] = [];
    for (const [file, changes] of Map.groupBy(fixed, one => one.file)) {
        lines.push(`${file} (fixed)`, ...changes.map(formatFixed), "");
    }
    for (const severity of ["error", "warning", "note"]) {
        const alike = findings.filter(finding => finding.severity === severity);
        for (const [file, inFile] of Map.groupBy(alike, finding => finding.file)) {
            lines.push(file, ...inFile.flatMap(formatFinding), "");
        }
    }
    lines.push(count(findings, known));
    return `${lines.join("\n")}\n`;
}

function formatFixed({ line, object, change }: Fixed): string {
    return `  ${String(line).padStart(4)}  fixed    ${object}: ${change}`;
}

function formatFinding({ line, severity, rule, object, message, chain, waiters = [], notFixed }: Finding): string[] {
    const pad = " ".repeat(8);
    const [first, ...rest] = chain;
    // Two names are already in the message; a chain is worth drawing from three on.
    const drawn =
        rest.length < 2 ? [] : [first, ...rest.map((name, depth) => `${"   ".repeat(depth)}└─ waits for ${name}`)];
    const others = waiters.slice(0, NAMED_WAITERS).map(({ file, line, object }) => `also ${object} (${file}:${line})`);
    const more = waiters.length - others.length;
    return [
        `  ${String(line).padStart(4)}  ${severity.padEnd(7)}  ${rule}${object ? `  ${object}` : ""}`,
        ...wrap(message, 110).map(text => pad + text),
        ...[...drawn, ...others, ...(more > 0 ? [`and ${more} more`] : [])].map(text => `${pad}  ${text}`),
        ...(notFixed ? wrap(`Not fixed: ${notFixed}`, 110).map(text => pad + text) : []),
    ];
}

/** Long words, such as image names, stay whole. */
function wrap(text: string, width: number): string[] {
    const lines: string[] = [];
    for (const word of text.split(/\s+/)) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
        else lines.push(word);
    }
    return lines;
}

function count(findings: readonly Finding[], known: number): string {
    const number = (amount: number, what: string) => `${amount} ${what}${amount === 1 ? "" : "s"}`;
    const baseline = known > 0 ? ` The baseline holds ${number(known, "more finding")}.` : "";
    if (findings.length === 0) return `Nothing${known > 0 ? " new" : ""} found.${baseline}`;
    const of = (severity: Severity) => findings.filter(finding => finding.severity === severity).length;
    const counts = `${number(of("error"), "error")}, ${number(of("warning"), "warning")}, ${number(of("note"), "note")}`;
    return `${counts}.${baseline}`;
}
