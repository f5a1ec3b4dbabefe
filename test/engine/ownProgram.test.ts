import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deploy } from "../../cli/deploy/deploy.ts";
import { repositoryRoot } from "../../cli/root.ts";

const stack = `lab-program-test-${process.pid}`;
const configFile = join(repositoryRoot, `Pulumi.${stack}.yaml`);
const workedExample = readFileSync(join(repositoryRoot, "Pulumi.dev.yaml"), "utf8");
let stateDir: string;

beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "clearpath-program-"));
});
afterEach(async () => {
    rmSync(configFile, { force: true });
    await rm(stateDir, { recursive: true });
});

function preview(config: string) {
    writeFileSync(configFile, config);
    return deploy({
        operation: "preview",
        stack,
        cwd: repositoryRoot,
        engine: "embedded",
        policyPacks: [join(repositoryRoot, "policy")],
        stateDir,
        passphrase: "test",
    });
}

describe("a preview of the program", () => {
    it("shows the whole worked example without a host to ask, and no policy refuses it", async () => {
        const result = await preview(workedExample);
        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(result.violations.filter(({ level }) => level === "mandatory")).toEqual([]);
        expect(result.ok).toBe(true);
        // Two measurements, one clamp, two links and three probes.
        expect(result.changes).toBe(8);
    });

    it("ends at a wrong configuration with one line for each wrong value, and nothing else", async () => {
        const result = await preview(workedExample.replace("nodeMtu: 1400", "nodeMtu: fast").replace("mss:", "msss:"));
        expect(result.ok).toBe(false);
        expect(result.changes).toBe(0);
        expect(result.diagnostics.map(({ message }) => message.split("\n"))).toEqual([
            [
                'clearpath:nodeMtu: "fast" is not a whole number. Write for example 1400. Nothing was changed.',
                "clearpath:msss: There is no setting of this name. Did you mean mss? Nothing was changed.",
            ],
        ]);
    });
});
