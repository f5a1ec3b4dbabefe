import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";

/** Words and turns that docs/contributing/style.md rules out, in messages, docstrings, comments and names of tests. */
const RIDDLES: readonly RegExp[] = [
    /\banew\b/i,
    /\bmend(s|ed|ing)?\b/i,
    /\blies\b/i,
    /\b(is|are) well\b(?! (below|above|within|known))/i,
    /\bend(s|ed)? well\b/i,
    /\bof the house\b/i,
    /\bwhatever (it|that) is\b/i,
    /\bwhat [\w ]{1,40} has left\b/i,
    /\b(is|are|be|always|as) such\b(?! as\b)/i,
    /\bsuch[.;:,]/i,
];

/** Each line of the repository's code with one of the words: file:line: the line. */
function riddlesIn(file: string): string[] {
    const lines = readFileSync(join(repositoryRoot, file), "utf8").split("\n");
    return lines.flatMap((line, index) =>
        RIDDLES.some(riddle => riddle.test(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
    );
}

function codeFiles(): string[] {
    const found = globSync("**/*.{ts,mjs,cjs,py,sh,yml,yaml}", {
        cwd: repositoryRoot,
        exclude: path => /(^|\/)(node_modules|dist|fixtures|\.clearpath)(\/|$)/.test(path),
    });
    // The two tests of words quote them.
    return found.filter(file => !/^test\/unit\/docs\/(codeW|w)ords\.test\.ts$/.test(file)).toSorted();
}

test("messages, docstrings, comments and names of tests have plain words only", () => {
    const riddles = codeFiles().flatMap(riddlesIn);
    expect(riddles).toEqual([]);
});
