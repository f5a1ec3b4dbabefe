import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";
import { notesOf, versionOfTag } from "../../../release/notes.ts";

const CHANGELOG = `# Changelog

## [Unreleased]

## [1.10.0] - 2027-02-01

### Added

- Ten.

## [1.1.0] - 2027-01-01

### Fixed

- One. See [the page](docs/page.md).

[Unreleased]: https://example.com/compare
[1.1.0]: https://example.com/1.1.0
`;

describe("the notes of a release", () => {
    test("are the section of its version alone, and not of one whose number begins alike", () => {
        expect(notesOf(CHANGELOG, "1.10.0")).toBe("### Added\n\n- Ten.\n");
    });

    test("end before the links at the end of the changelog", () => {
        expect(notesOf(CHANGELOG, "1.1.0")).toBe("### Fixed\n\n- One. See [the page](docs/page.md).\n");
    });

    test("are refused where the changelog has no section of the version, or an empty one", () => {
        expect(() => notesOf(CHANGELOG, "1.1")).toThrow('has no section "## [1.1]"');
        expect(() => notesOf(CHANGELOG, "Unreleased")).toThrow("is empty");
    });

    test("are there for the changelog of this repository, as far as it is written", () => {
        const changelog = readFileSync(join(repositoryRoot, "CHANGELOG.md"), "utf8");
        const [, next] = /^## \[([^\]]+)\]/m.exec(changelog)!;
        expect(notesOf(changelog, next!)).toContain("### ");
    });
});

describe("the tag of a release", () => {
    test("names the version of package.json", () => {
        expect(versionOfTag("v1.2.3", "1.2.3")).toBe("1.2.3");
        expect(versionOfTag("v1.2.3-rc.1", "1.2.3-rc.1")).toBe("1.2.3-rc.1");
    });

    test.each([
        ["v1.2.4", "package.json has version 1.2.3"],
        ["1.2.3", "names no version"],
        ["v1.2", "names no version"],
        ["", "names no version"],
    ])("%j is refused", (tag, why) => {
        expect(() => versionOfTag(tag, "1.2.3")).toThrow(why);
    });
});
