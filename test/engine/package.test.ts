import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { deploy } from "../../cli/deploy/deploy.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { writePackage } from "../../release/package.ts";
import { engines } from "./stack.ts";

/** The README's own program. */
const program = /```ts\n(import \{ ClusterEgress \}[\s\S]*?)```/.exec(
    readFileSync(join(repositoryRoot, "README.md"), "utf8"),
)![1]!;

/** A program that needs no host. */
const SMALL = `import { ComponentResource } from "@pulumi/pulumi";
import { ClusterEgress } from "pulumi-clearpath";
new ComponentResource("home:index:Network", "home", {});
export const name = ClusterEgress.name;
`;

const TARBALL = "pulumi-clearpath.tgz";

describe("the package that is published, installed in an empty directory", () => {
    let project: string;
    const installed = (...path: string[]) => join(project, "node_modules", "pulumi-clearpath", ...path);
    const environment = () => ({
        ...process.env,
        PULUMI_HOME: join(project, "home"),
        PULUMI_CONFIG_PASSPHRASE: "test",
        KUBECONFIG: join(project, "no-kubeconfig"),
    });
    /** Runs the installed `clearpath`. */
    const clearpath = (args: string[], cwd = project) => {
        const command = join(project, "node_modules", ".bin", "clearpath");
        const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: environment(), encoding: "utf8" });
        return { status, stdout, stderr };
    };

    beforeAll(() => {
        project = mkdtempSync(join(tmpdir(), "clearpath-project-"));
        install(project);
        writeProgram(join(project, "egress"), program);
        writeProgram(join(project, "small"), SMALL);
    }, 600_000);
    afterAll(() => rmSync(project, { recursive: true, force: true }));

    test("contains nothing of the lab, its campaigns and benches, the tests, the docs and what generates them", () => {
        const files = readdirSync(installed(), { recursive: true, encoding: "utf8" });
        const folders = new Set(files.filter(file => file.includes("/")).map(file => file.split("/")[0]));
        expect([...folders].sort()).toEqual([
            "cli",
            "cluster",
            "components",
            "engine",
            "network",
            "policy",
            "provider",
        ]);
        expect(
            files.filter(file => /\.test\.|bench|campaign|generate\.|\.dependency-cruiser|\.pyc$/.test(file)),
        ).toEqual([]);
    });

    test.each(engines)("lets the README's program run, its plugin and its policies, on the %s engine", async engine => {
        const result = await deploy({
            operation: "preview",
            stack: "dev",
            cwd: join(project, "egress"),
            engine,
            policyPacks: [installed("policy")],
            stateDir: join(project, `state-${engine}`),
            passphrase: "test",
            env: environment(),
        });

        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(result.ok).toBe(true);
        expect(result.changes).toBe(8);
    });

    test("makes what a program says by `clearpath up`, and a second time changes nothing", () => {
        const up = (...flags: string[]) =>
            clearpath(["up", "--stack", "dev", "--yes", "--engine", "embedded", ...flags], join(project, "small"));

        const first = up("--json");
        expect(first).toMatchObject({ status: 0 });
        expect(JSON.parse(first.stdout)).toMatchObject({ ok: true, outputs: { name: "ClusterEgress" } });
        expect(up("--expect-no-changes")).toMatchObject({ status: 0 });
    });

    test("has the command, with all it runs", () => {
        const { stdout } = clearpath(["--help"]);
        for (const command of ["up", "probe", "lint", "registries", "lab"]) expect(stdout).toContain(`  ${command} `);
        for (const command of ["up", "probe", "lint", "diagnose"])
            expect(clearpath([command, "--help"])).toMatchObject({
                status: 0,
                stdout: expect.stringContaining(`Usage: clearpath ${command}`),
            });
    });

    test("lints a Flux repository", () => {
        const repository = join(repositoryRoot, "test/unit/cluster/lint/fixtures/wait-on-store");
        const { status, stdout } = clearpath(["lint", "--json", repository]);
        expect(status).toBe(1);
        expect(JSON.parse(stdout).findings).not.toEqual([]);
    });

    test.each([
        ["diagnose without a cluster", ["diagnose"], /There is no kubeconfig at .*\. Give --kubeconfig FILE/],
        ["the lab", ["lab", "up"], /This package has no lab\. Clone Clearpath's repository/],
    ])("says what to do where %s cannot run", (_, args, sentence) => {
        const { status, stderr } = clearpath(args);
        expect(stderr).toMatch(sentence);
        expect(status).toBe(3);
    });

    test.each(["bench", "test", "package"])("has no command %s, which needs the repository", command => {
        expect(clearpath([command])).toMatchObject({ status: 2, stderr: expect.stringContaining("unknown command") });
    });

    test("has types for those who write TypeScript, and no source that Node would not run there", () => {
        const { main, types } = JSON.parse(readFileSync(installed("package.json"), "utf8"));

        expect(readFileSync(installed(types), "utf8")).toContain("ClusterEgress");
        expect(readFileSync(installed(main), "utf8")).toContain("ClusterEgress");
        const sources = readdirSync(installed(), { recursive: true, encoding: "utf8" });
        expect(sources.filter(file => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
    });
});

/**
 * Packs the package and lets npm install it, with the versions of this repository's lock file: they are in npm's cache. npm
 * installs no development dependency there, so a module that needs one does not load.
 */
function install(project: string): void {
    const packed = join(project, "packed");
    writePackage(packed);
    const [{ filename }] = JSON.parse(npm(packed, "pack", "--json"));
    const manifest = JSON.parse(readFileSync(join(packed, "package.json"), "utf8"));
    const { packages } = JSON.parse(readFileSync(join(repositoryRoot, "package-lock.json"), "utf8"));
    const shipped = Object.entries<{ dev?: boolean; devOptional?: boolean }>(packages).filter(
        ([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional,
    );
    const { version, dependencies, bin, engines: node } = manifest;
    const root = { name: "home", dependencies: { "pulumi-clearpath": `file:${TARBALL}` } };
    const own = { version, resolved: `file:${TARBALL}`, dependencies, bin, engines: node };
    const lock = {
        name: root.name,
        lockfileVersion: 3,
        requires: true,
        packages: { "": root, "node_modules/pulumi-clearpath": own, ...Object.fromEntries(shipped) },
    };
    renameSync(join(packed, filename), join(project, TARBALL));
    rmSync(packed, { recursive: true });
    writeFileSync(join(project, "package.json"), JSON.stringify(root));
    writeFileSync(join(project, "package-lock.json"), JSON.stringify(lock));
    npm(project, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline");
}

function npm(cwd: string, ...args: string[]): string {
    return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Writes a Pulumi project that finds the installed plugin. */
function writeProgram(directory: string, source: string): void {
    mkdirSync(directory);
    const files = {
        "package.json": JSON.stringify({ type: "module", main: "index.ts" }),
        "index.ts": source,
        "Pulumi.yaml": stringify({
            name: "home",
            runtime: { name: "nodejs", options: { typescript: false } },
            plugins: { providers: [{ name: "clearpath", path: "../node_modules/pulumi-clearpath/provider" }] },
        }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}
