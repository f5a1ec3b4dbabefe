import { styleText } from "node:util";
import { diffLines } from "diff";
import type { PropertyChange } from "../../engine/protocol/events.ts";

/** Longest value shown on one line, in characters. */
const WIDTH = 100;

/** The text of a JSON string, or undefined when the JSON is something else. */
function stringIn(json: string | undefined): string | undefined {
    if (json === undefined) return "";
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
}

function shortened(json: string): string {
    return json.length > WIDTH ? `${json.slice(0, WIDTH - 1)}…` : json;
}

/** Lines that went and came; of what stayed, only a mark that something did. */
function textDiff(before: string, after: string): string[] {
    return diffLines(before, after).flatMap(part => {
        const lines = part.value.replace(/\n$/, "").split("\n");
        if (part.added) return lines.map(line => styleText("green", `  + ${line}`));
        if (part.removed) return lines.map(line => styleText("red", `  - ${line}`));
        return ["    …"];
    });
}

/** One change of a property as lines: values side by side, texts of several lines as a diff. */
export function changeLines({ path, before, after, replaces }: PropertyChange): string[] {
    const note = replaces ? styleText("magenta", " (needs a new one)") : "";
    const [oldText, newText] = [stringIn(before), stringIn(after)];
    if (oldText !== undefined && newText !== undefined && `${oldText}${newText}`.includes("\n")) {
        return [`${path}:${note}`, ...textDiff(oldText, newText)];
    }
    if (before === undefined) return [`${path}: ${shortened(after ?? "null")}${note}`];
    if (after === undefined) return [`${path}: ${shortened(before)} → nothing${note}`];
    if (before === after) return [`${path}: changed${note}`];
    return [`${path}: ${shortened(before)} → ${shortened(after)}${note}`];
}
