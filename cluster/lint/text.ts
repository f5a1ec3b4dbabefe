import type { Finding, Fixed, LintResult, Severity } from "./finding.ts";

/** Findings for people: grouped by file, chains drawn, and a last line that counts. */
export function formatText({ findings, fixed = [] }: LintResult): string {
    const lines: string[] = [];
    for (const [file, changes] of Map.groupBy(fixed, one => one.file)) {
        lines.push(`${file} (fixed)`, ...changes.map(formatFixed), "");
    }
    for (const [file, inFile] of Map.groupBy(findings, finding => finding.file)) {
        lines.push(file, ...inFile.flatMap(formatFinding), "");
    }
    lines.push(count(findings));
    return `${lines.join("\n")}\n`;
}

function formatFixed({ line, object, change }: Fixed): string {
    return `  ${String(line).padStart(4)}  fixed    ${object}: ${change}`;
}

function formatFinding({ line, severity, rule, object, message, chain }: Finding): string[] {
    const pad = " ".repeat(8);
    const [first, ...rest] = chain;
    // Two names are already in the message; a chain is worth drawing from three on.
    const drawn =
        rest.length < 2 ? [] : [first, ...rest.map((name, depth) => `${"   ".repeat(depth)}└─ waits for ${name}`)];
    return [
        `  ${String(line).padStart(4)}  ${severity.padEnd(7)}  ${rule}${object ? `  ${object}` : ""}`,
        ...wrap(message, 110).map(text => pad + text),
        ...drawn.map(text => `${pad}  ${text}`),
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

function count(findings: readonly Finding[]): string {
    if (findings.length === 0) return "Nothing found.";
    const of = (severity: Severity) => findings.filter(finding => finding.severity === severity).length;
    const number = (amount: number, what: string) => `${amount} ${what}${amount === 1 ? "" : "s"}`;
    return `${number(of("error"), "error")}, ${number(of("warning"), "warning")}, ${number(of("note"), "note")}.`;
}
