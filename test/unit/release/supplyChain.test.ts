import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const root = new URL("../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

interface LockedPackage {
    version: string;
    resolved?: string;
    integrity?: string;
    license?: string;
    dev?: boolean;
    devOptional?: boolean;
}
/** Where packages come from that the lock file names no other place for. */
const REGISTRY = "https://registry.npmjs.org/";
const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, LockedPackage> };
const installed = Object.entries(packages).filter(([path]) => path !== "");

/** Licences that an Apache-2.0 program may ship with. The list in SECURITY.md says the same. */
const PERMISSIVE = new Set([
    "(BSD-3-Clause AND Apache-2.0)",
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT OR Apache-2.0",
    "Python-2.0",
    "Unlicense",
]);
/** Packages whose package.json names no licence; their LICENSE file holds MIT's text. */
const MIT_BY_FILE = new Set(["@logdna/tail-file", "buildcheck", "cpu-features", "jstat", "ssh2"]);

describe("the npm packages", () => {
    test("are each pinned by a digest, and come from npm's registry", () => {
        const loose = installed.filter(
            ([, { resolved = REGISTRY, integrity }]) =>
                !integrity?.startsWith("sha512-") || !resolved.startsWith(REGISTRY),
        );
        expect(loose.map(([path]) => path)).toEqual([]);
    });

    test("run no install scripts", () => {
        expect(read(".npmrc")).toMatch(/^ignore-scripts=true$/m);
        // Elsewhere than in this directory, npm does not read that file.
        expect(read("cli/start.mjs")).toMatch(/"install",\s+"--ignore-scripts"/);
        const workflows = readdirSync(new URL(".github/workflows/", root)).filter(name =>
            name.startsWith("clearpath-"),
        );
        for (const name of workflows)
            for (const [line] of read(`.github/workflows/${name}`).matchAll(/npm (ci|install)\b.*/g))
                expect(line).toContain("--ignore-scripts");
    });

    test("are under licences that allow shipping; only tools of the developer may have another", () => {
        const others = installed.filter(
            ([path, { license, dev, devOptional }]) =>
                !(dev || devOptional) &&
                !PERMISSIVE.has(license ?? "") &&
                !MIT_BY_FILE.has(path.split("node_modules/").at(-1)!),
        );
        expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
    });

    test("that package.json names are named by one version each", () => {
        const { dependencies, devDependencies } = JSON.parse(read("package.json"));
        for (const version of Object.values({ ...dependencies, ...devDependencies }))
            expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    });
});

describe.each(readdirSync(new URL(".github/workflows/", root)))("the workflow %s", name => {
    const text = read(`.github/workflows/${name}`);

    test("pins every action by commit", () => {
        const uses = [...text.matchAll(/^\s*-? *uses: (\S+)/gm)].map(([, action]) => action!);
        const loose = uses.filter(action => !action.startsWith("./") && !/@[0-9a-f]{40}$/.test(action));
        expect(loose).toEqual([]);
    });

    test("gives no job a permission that it does not name, and never runs a fork's code with this repository's rights", () => {
        const workflow = parse(text);
        expect(workflow.permissions).toEqual({});
        expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    });

    test("leaves no token in a checkout, and puts no input into a script", () => {
        const checkouts = text.split("actions/checkout@").slice(1);
        for (const after of checkouts) expect(after.split("uses:")[0]).toContain("persist-credentials: false");
        const scripts = Object.values(parse(text).jobs as Record<string, { steps?: { run?: string }[] }>).flatMap(job =>
            (job.steps ?? []).map(({ run }) => run ?? ""),
        );
        for (const script of scripts) expect(script).not.toContain("${{");
    });
});
