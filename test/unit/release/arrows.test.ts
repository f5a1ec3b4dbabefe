import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { afterEach, expect, test } from "vitest";
import rules from "../../../.dependency-cruiser.ts";

const directories: string[] = [];
afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** The names of the rules that a repository of these files breaks. */
async function broken(files: Record<string, string>): Promise<string[]> {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-arrows-"));
    directories.push(directory);
    const manifest = { type: "module", dependencies: { shipped: "1.0.0" }, devDependencies: { tool: "1.0.0" } };
    const npmPackage = (name: string) => ({
        [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: "index.js" }),
        [`node_modules/${name}/index.js`]: "",
    });
    const all = { "package.json": JSON.stringify(manifest), ...npmPackage("shipped"), ...npmPackage("tool"), ...files };
    for (const [name, text] of Object.entries(all)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
    }
    const { forbidden, options } = rules;
    const { output } = await cruise(["."], { ...options, baseDir: directory, ruleSet: { forbidden }, validate: true });
    return (output as ICruiseResult).summary.violations.map(({ rule }) => rule.name).sort();
}

test("an import of a room below is accepted, with the packages that the product ships with", async () => {
    const found = await broken({
        "cli/probe.ts": 'import { mtu } from "../network/mtu.ts";\nimport "shipped";\nexport const shown = mtu;',
        "network/mtu.ts": 'import { isIP } from "node:net";\nexport const mtu = isIP("::1");',
    });
    expect(found).toEqual([]);
});

test.each([
    [
        "an import that points upward, of a type too",
        "arrows-of-network",
        {
            "network/mtu.ts": 'import type { Shown } from "../cli/probe.ts";\nexport type Mtu = Shown;',
            "cli/probe.ts": "export type Shown = number;",
        },
    ],
    [
        "an import of the lab by the product",
        "arrows-of-provider",
        { "provider/lock.ts": 'import "../lab/lock.ts";', "lab/lock.ts": "export const lock = 1;" },
    ],
    [
        "an import of a test by the lab",
        "arrows-of-lab",
        { "lab/run.ts": 'import "../test/run.ts";', "test/run.ts": "export const run = 1;" },
    ],
    [
        "a cycle of two files of one room, of types too",
        "no-cycle",
        {
            "engine/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;',
            "engine/b.ts": 'import { type A } from "./a.ts";\nexport type B = A | 2;',
        },
    ],
    [
        "a room that the list does not have",
        "no-unlisted-room",
        { "utils/text.ts": 'import "./more.ts";', "utils/more.ts": "" },
    ],
    [
        "a socket in network/",
        "network-without-io",
        { "network/dial.ts": 'import { connect } from "node:tls";\nconnect(1);' },
    ],
    ["a package that only developers install", "no-development-dependency", { "cli/run.ts": 'import "tool";' }],
    ["an import of a file that is not there", "no-unresolved-import", { "cli/run.ts": 'import "./gone.ts";' }],
])("%s breaks the rule %s", async (_, rule, files) => {
    expect(new Set(await broken(files as Record<string, string>))).toEqual(new Set([rule]));
});
