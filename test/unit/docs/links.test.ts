import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";
import { anchorsOf, brokenLinks, linksOf } from "./links.ts";
import { markdownPages } from "./pages.ts";

test.each(markdownPages())("every link of %s leads to a file and a heading that exist", page => {
    expect(brokenLinks(repositoryRoot, page)).toEqual([]);
});

describe("the search for links", () => {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-links-"));
    afterAll(() => rmSync(directory, { recursive: true }));

    test("finds the link whose file or heading does not exist", () => {
        writeFileSync(join(directory, "other.md"), "# Other\n\n## What it changes\n");
        const links = [
            "other.md#what-it-changes",
            "other.md#what-it-undoes",
            "missing.md",
            "#here",
            "https://example.com",
        ];
        writeFileSync(join(directory, "page.md"), `# Here\n\n${links.map(link => `[x](${link})\n`).join("")}`);
        expect(brokenLinks(directory, "page.md")).toEqual([
            "page.md:4: other.md has no heading with the anchor #what-it-undoes.",
            "page.md:5: there is no file missing.md.",
        ]);
    });

    test("leaves code alone", () => {
        expect(linksOf("```\n[a](b.md)\n```\n`[c](d.md)` and [e](f.md)\n")).toEqual([{ line: 4, target: "f.md" }]);
    });

    test("knows the anchors that GitHub gives to headings", () => {
        const page =
            "# `up` failed: what now?\n\n## clearpath:host:File\n\n## Limits\n\n## Limits\n\n```sh\n# no heading\n```\n";
        expect([...anchorsOf(page)]).toEqual(["up-failed-what-now", "clearpathhostfile", "limits", "limits-1"]);
    });
});
