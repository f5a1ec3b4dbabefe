import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";
import { markdownPages } from "./pages.ts";

/** Words and turns that a reader whose first language is not English stumbles over. docs/contributing/style.md says what to write. */
const RIDDLES: readonly RegExp[] = [
    /\banew\b/i,
    /\bmend(s|ed|ing)?\b/i,
    /\blies\b/i,
    /\b(is|are) well\b/i,
    /\bend(s|ed)? well\b/i,
    /\bof the house\b/i,
    /\bwhatever (it|that) is\b/i,
    /\bwhat [\w ]{1,40} has left\b/i,
    /\bsuch\b(?! as\b)/i,
];

/** Lines with a riddle. Code, quoted examples and tables that come from schemas do not count. */
function riddlesIn(page: string): string[] {
    const text = page.replaceAll(/<!-- (table: \w+|examples) -->[\s\S]*?<!-- end -->/g, hidden =>
        hidden.replaceAll(/[^\n]/g, ""),
    );
    return text.split("\n").flatMap((line, index) => {
        const prose = line.replaceAll(/`[^`]*`/g, "");
        const riddle = RIDDLES.map(word => word.exec(prose)?.[0]).find(Boolean);
        return riddle === undefined ? [] : [`line ${index + 1}: "${riddle}" in: ${line.trim()}`];
    });
}

/** Pages that a generator writes from descriptions in the code. */
const GENERATED = ["docs/components.md", "docs/reference/resources.md", "docs/contributing/rooms.md"];

test.each(markdownPages().filter(page => !GENERATED.includes(page)))("%s has plain words only", page => {
    expect(riddlesIn(readFileSync(join(repositoryRoot, page), "utf8"))).toEqual([]);
});

describe("the search for riddles", () => {
    test("finds each of them", () => {
        const page =
            "The state lies there.\nNobody mends it, as such.\nIt is made anew.\nAll is well, such as it is.\n";
        expect(riddlesIn(page).map(found => /"(.*?)"/.exec(found)![1])).toEqual(["lies", "mends", "anew", "is well"]);
    });

    test("leaves code, quoted examples and tables of schemas alone, and counts their lines", () => {
        const page =
            "`no such host`<!-- examples -->\nanew\n<!-- end -->\n<!-- table: plan -->\nmend\n<!-- end -->\nlies\n";
        expect(riddlesIn(page)).toEqual(['line 7: "lies" in: lies']);
    });
});
