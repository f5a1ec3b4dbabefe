import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";
import { markdownPages } from "./pages.ts";

/** Words and turns that a reader whose first language is not English stumbles over. docs/contributing/style.md says what to write. */
const RIDDLES: readonly RegExp[] = [
    /\banew\b/gi,
    /\bmend(s|ed|ing)?\b/gi,
    /\blies\b/gi,
    /\b(is|are) well\b/gi,
    /\bend(s|ed)? well\b/gi,
    /\bof the house\b/gi,
    /\bwhatever (it|that) is\b/gi,
    /\bwhat [\w ]{1,40} has left\b/gi,
    /\bsuch\b(?!\s+as\b)/gi,
];

/** The riddles of a page, each with its line. Code, quoted examples and tables that come from schemas do not count. */
function riddlesIn(page: string): string[] {
    const hide = (text: string) => text.replaceAll(/[^\n]/g, " ");
    const prose = page
        .replaceAll(/<!-- (table: \w+|examples) -->[\s\S]*?<!-- end -->/g, hide)
        .replaceAll(/`[^`\n]*`/g, hide);
    return RIDDLES.flatMap(word => [...prose.matchAll(word)])
        .toSorted((a, b) => a.index - b.index)
        .map(({ 0: riddle, index }) => `line ${prose.slice(0, index).split("\n").length}: ${riddle}`);
}

test.each(markdownPages())("%s has plain words only", page => {
    expect(riddlesIn(readFileSync(join(repositoryRoot, page), "utf8"))).toEqual([]);
});

describe("the search for riddles", () => {
    test("finds each of them", () => {
        const page =
            "The state lies there.\nNobody mends it, as such.\nIt is made anew.\nAll is well, such\nas it is.\n";
        expect(riddlesIn(page)).toEqual([
            "line 1: lies",
            "line 2: mends",
            "line 2: such",
            "line 3: anew",
            "line 4: is well",
        ]);
    });

    test("leaves code, quoted examples and tables of schemas alone, and counts their lines", () => {
        const page =
            "`no such host`<!-- examples -->\nanew\n<!-- end -->\n<!-- table: plan -->\nmend\n<!-- end -->\nlies\n";
        expect(riddlesIn(page)).toEqual(["line 7: lies"]);
    });
});
