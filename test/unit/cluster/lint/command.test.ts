import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lintCommand } from "../../../../cli/cluster/lintCommand.ts";
import { CouldNotRun, EXIT } from "../../../../cli/exit.ts";
import { repositoryRoot } from "../../../../cli/root.ts";
import { formatGithub } from "../../../../cluster/lint/githubAnnotations.ts";
import { rules } from "../../../../cluster/lint/rules/index.ts";

const fixtures = join(import.meta.dirname, "fixtures");

/** Runs `clearpath lint`; gives what it wrote and its exit code. */
async function run(...args: string[]): Promise<{ out: string; code: number }> {
    let out = "";
    const stdout = vi.spyOn(process.stdout, "write").mockImplementation(chunk => {
        out += chunk;
        return true;
    });
    const program = new Command("clearpath").exitOverride().configureOutput({ writeErr: () => {} });
    lintCommand(program);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
    try {
        await program.parseAsync(["node", "clearpath", "lint", ...args]);
        return { out, code: Number(process.exitCode ?? EXIT.ok) };
    } finally {
        stdout.mockRestore();
    }
}

afterEach(() => {
    process.exitCode = undefined;
    vi.unstubAllEnvs();
});

describe("clearpath lint", () => {
    test("exits 0 when nothing is found", async () => {
        expect(await run(join(fixtures, "store-not-judged"))).toEqual({ out: "Nothing found.\n", code: EXIT.ok });
    });

    test("exits 1 on an error", async () => {
        expect((await run(join(fixtures, "wait-on-store"))).code).toBe(EXIT.foundSomething);
    });

    test("exits 1 on a warning only when strict", async () => {
        expect((await run(join(fixtures, "store-ignored"))).code).toBe(EXIT.ok);
        expect((await run(join(fixtures, "store-ignored"), "--strict")).code).toBe(EXIT.foundSomething);
    });

    test("exits 0 when all it has to say is what it could not read", async () => {
        expect((await run(join(fixtures, "hard-to-read"), "--strict")).code).toBe(EXIT.ok);
    });

    test("could not run without its files", async () => {
        await expect(run(join(fixtures, "nowhere"))).rejects.toThrow(CouldNotRun);
        await expect(run(fixtures, "--image-groups", "nowhere.yaml")).rejects.toThrow(CouldNotRun);
    });

    test.each([[[]], [["--no-such-option"]], [[fixtures, "--json", "--github"]]])("refuses %j as usage", async args => {
        await expect(run(...args)).rejects.toThrow(CommanderError);
    });

    test("writes the fields that others script against", async () => {
        const { out } = await run(join(fixtures, "wait-on-store"), "--json");
        expect(JSON.parse(out)).toEqual({
            findings: [
                {
                    rule: "wait-on-store",
                    severity: "error",
                    file: join(fixtures, "wait-on-store/clusters/home/secrets.yaml"),
                    line: 15,
                    object: "Kustomization/flux-system/secrets",
                    message: expect.stringContaining("Waits for ClusterSecretStore/doppler by wait: true."),
                    chain: ["Kustomization/flux-system/secrets", "ClusterSecretStore/doppler"],
                },
            ],
        });
    });

    test("reports only what is new since a baseline, which the first run writes", async () => {
        const directory = mkdtempSync(join(tmpdir(), "clearpath-baseline-"));
        onTestFinished(() => rmSync(directory, { recursive: true }));
        vi.stubEnv("CI", "");
        const baseline = join(directory, "baseline.json");
        const first = await run(join(fixtures, "wait-on-store"), "--baseline", baseline);
        expect(first).toEqual({ out: "Nothing new found. The baseline holds 1 more finding.\n", code: EXIT.ok });
        expect(await run(join(fixtures, "wait-on-store"), "--baseline", baseline)).toEqual(first);
        const other = await run(join(fixtures, "chain-of-health"), "--baseline", baseline);
        expect(other.code).toBe(EXIT.foundSomething);
        process.exitCode = undefined;
    });

    test("does not begin a baseline in CI, nor read one that is none", async () => {
        const missing = join(fixtures, "no-such-baseline.json");
        vi.stubEnv("CI", "true");
        await expect(run(fixtures, "--baseline", missing)).rejects.toThrow("there is no baseline");
        await expect(run(fixtures, "--baseline", join(fixtures, "biome.json"))).rejects.toThrow("not a baseline");
    });

    test("groups by file and draws the chain", async () => {
        const { out } = await run(join(fixtures, "chain-of-health"));
        expect(out).toContain(
            [
                "          Kustomization/flux-system/apps",
                "          └─ waits for Kustomization/flux-system/platform",
                "             └─ waits for Kustomization/flux-system/stores",
                "                └─ waits for ClusterSecretStore/doppler",
            ].join("\n"),
        );
        expect(out.split("\n").filter(line => line.startsWith(fixtures))).toHaveLength(2);
        expect(out).toContain("2 errors, 0 warnings, 0 notes.\n");
    });

    test("annotates lines for GitHub, from the top of the checkout, with its escapes", () => {
        const finding = {
            rule: "wait-on-store",
            severity: "error",
            file: "/repo/a,b/ks.yaml",
            line: 7,
            object: "Kustomization/a",
            message: "100 %\nof it",
            chain: ["a", "b", "c"],
        } as const;
        expect(formatGithub([{ ...finding, chain: [...finding.chain] }], "/repo")).toBe(
            "::error file=a%2Cb/ks.yaml,line=7,title=clearpath wait-on-store::100 %25%0Aof it%0Aa → b → c\n",
        );
    });
});

describe("the reference", () => {
    test("lists every rule as the code has it", () => {
        const page = readFileSync(join(repositoryRoot, "docs/reference/lint.md"), "utf8");
        const rows = page
            .split("\n")
            .filter(line => line.startsWith("| `"))
            .map(line => line.replaceAll(/ +/g, " "));
        const expected = Object.entries(rules).map(
            ([name, { finds, severities, fix }]) =>
                `| \`${name}\` | ${severities.join(", ")} | ${finds} | ${fix || "nothing"} |`,
        );
        expect(rows).toEqual(expected);
    });
});
