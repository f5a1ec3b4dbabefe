import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

describe("the package that is published, in somebody's project", () => {
    let project: string;
    const installed = (...path: string[]) => join(project, "node_modules", "pulumi-clearpath", ...path);

    beforeAll(() => {
        project = mkdtempSync(join(tmpdir(), "clearpath-project-"));
        installDependencies(join(project, "node_modules"));
        writePackage(join(project, "packed"));
        cpSync(join(project, "packed"), installed(), { recursive: true });
        const files = {
            "package.json": JSON.stringify({ type: "module", main: "index.ts" }),
            "index.ts": program,
            "Pulumi.yaml": stringify({
                name: "home",
                runtime: { name: "nodejs", options: { typescript: false } },
                plugins: { providers: [{ name: "clearpath", path: "node_modules/pulumi-clearpath/provider" }] },
            }),
        };
        for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
    });
    afterAll(() => rmSync(project, { recursive: true, force: true }));

    test.each(engines)("lets the README's program run, its plugin and its policies, on the %s engine", async engine => {
        const result = await deploy({
            operation: "preview",
            stack: "dev",
            cwd: project,
            engine,
            policyPacks: [installed("policy")],
            stateDir: join(project, `state-${engine}`),
            passphrase: "test",
            env: { ...process.env, PULUMI_HOME: join(project, "home") },
        });

        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(result.ok).toBe(true);
        expect(result.changes).toBe(8);
    });

    test("has the command, with all it runs", () => {
        const help = execFileSync(installed("cli", "start.mjs"), ["--help"], { encoding: "utf8" });

        expect(help).toContain("clearpath");
        for (const command of ["up", "probe", "lint", "registries", "lab"]) expect(help).toContain(`  ${command} `);
    });

    test("has types for those who write TypeScript, and no source that Node would not run there", () => {
        const { main, types } = JSON.parse(readFileSync(installed("package.json"), "utf8"));

        expect(readFileSync(installed(types), "utf8")).toContain("ClusterEgress");
        expect(readFileSync(installed(main), "utf8")).toContain("ClusterEgress");
        const sources = readdirSync(installed(), { recursive: true, encoding: "utf8" });
        expect(sources.filter(file => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
    });
});

/** The repository's own packages, each beside the one under test, as npm lays them out. */
function installDependencies(directory: string): void {
    mkdirSync(directory);
    const packages = join(repositoryRoot, "node_modules");
    for (const name of readdirSync(packages)) symlinkSync(join(packages, name), join(directory, name));
}
