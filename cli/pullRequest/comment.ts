import { stripVTControlCharacters } from "node:util";
import type { EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { fenced, markdownReport, plain, table } from "../evidence/markdown.ts";
import type { LintFindings, PreviewResult } from "./inputs.ts";

/** GitHub refuses a longer comment. Source: the API's own error, "body is too long (maximum is 65536 characters)". */
export const MOST_CHARACTERS = 65_536;
const MOST_FINDINGS = 20;
const MOST_MESSAGE = 600;

/** The parts of a comment; a part that was not run is left out. */
export interface CommentParts {
    stack: string;
    preview?: PreviewResult;
    /** What the preview showed, resource by resource. */
    diff?: string;
    lint?: LintFindings;
    evidence?: EvidenceFile;
    /** An earlier run, to show the evidence against. */
    before?: EvidenceFile;
    /** Where the run is, and what it ran on: a line at the end. */
    footer?: string;
}

/** The first line of a comment: nobody sees it, and by it the next run finds the comment again. */
export function markerOf(stack: string): string {
    return `<!-- clearpath comment, stack ${stack.replace(/-{2,}|[<>]/g, "")} -->`;
}

/** One comment about a pull request: preview, diff, lint findings and evidence, small enough for GitHub. */
export function commentText(parts: CommentParts): string {
    const { stack, preview, lint, evidence, before, footer } = parts;
    const head = [
        markerOf(stack),
        `## Clearpath: stack ${plain(stack)}`,
        ...(preview ? [previewSection(preview)] : []),
    ];
    const tail = [
        ...(lint ? [lintSection(lint)] : []),
        ...(evidence ? [markdownReport(evidence, before).trim()] : []),
        ...(footer ? [`<sub>${plain(footer)}</sub>`] : []),
    ];
    const room = MOST_CHARACTERS - [...head, ...tail].join("\n\n").length - 200;
    const diff = parts.diff === undefined ? [] : [diffSection(parts.diff, room)];
    return cutTo(MOST_CHARACTERS, `${[...head, ...diff, ...tail].join("\n\n")}\n`);
}

function previewSection({ ok, changes, violations, diagnostics }: PreviewResult): string {
    const mandatory = violations.filter(({ level }) => level === "mandatory");
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    const made = changes === 0 ? "nothing to change" : `${changes} ${changes === 1 ? "change" : "changes"} to make`;
    const title = ok ? `✅ ${made}` : mandatory.length > 0 ? "❌ Refused by policy" : "❌ The preview failed";
    const rows = violations.map(({ level, policy, urn, message }) => [
        level,
        policy,
        nameOf(urn),
        cutTo(MOST_MESSAGE, message),
    ]);
    return [
        `### ${title}`,
        ...(rows.length > 0
            ? [table(["", "Policy", "Resource", "What is wrong, and which value would pass"], rows)]
            : []),
        ...errors.slice(0, 5).map(({ message }) => fenced(cutTo(2_000, stripVTControlCharacters(message).trim()))),
    ].join("\n\n");
}

function nameOf(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}

/** Folded, and cut where the comment would get too long: what a preview says first matters most. */
function diffSection(shown: string, room: number): string {
    const text = stripVTControlCharacters(shown).trim();
    const summary = "<details><summary>What the preview shows</summary>";
    if (text.length <= room) return `${summary}\n\n${fenced(text)}\n\n</details>`;
    const kept = text.slice(0, Math.max(0, room)).replace(/\n[^\n]*$/, "");
    return `${summary}\n\n${fenced(kept)}\n\nCut here: the rest is in the run's output.\n\n</details>`;
}

function lintSection({ findings }: LintFindings): string {
    const count = (severity: string) => findings.filter(finding => finding.severity === severity).length;
    const [errors, warnings, notes] = [count("error"), count("warning"), count("note")];
    const sign = errors > 0 ? "❌" : warnings > 0 ? "⚠️" : "✅";
    if (findings.length === 0) return `### ${sign} Lint: nothing found`;
    const rank = ["error", "warning", "note"];
    const shown = findings
        .toSorted((a, b) => rank.indexOf(a.severity) - rank.indexOf(b.severity))
        .slice(0, MOST_FINDINGS);
    const rows = shown.map(({ severity, file, line, rule, message, chain }) => [
        severity,
        `${file}:${line}`,
        rule,
        cutTo(MOST_MESSAGE, chain.length > 2 ? `${message} ${chain.join(" → ")}` : message),
    ]);
    const more = findings.length > shown.length ? `\n\n… and ${findings.length - shown.length} more.` : "";
    return `### ${sign} Lint: ${errors} errors, ${warnings} warnings, ${notes} notes\n\n${table(["", "Where", "Rule", "What"], rows)}${more}`;
}

function cutTo(most: number, text: string): string {
    return text.length <= most ? text : `${text.slice(0, most - 2)} …`;
}
