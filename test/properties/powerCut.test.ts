import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canBe, inNamespaces } from "./powerCut/namespaces.ts";
import { file, registriesSteps, type Steps, tableSteps, unit } from "./powerCut/steps.ts";

const HOST = fileURLToPath(new URL("./powerCut/host.sh", import.meta.url));

test.runIf(process.env.CI !== undefined)("power can be cut on the machines that check every change", () => {
    expect(canBe).toBe(true);
});

describe.runIf(canBe)("when the power fails before a command, the next run puts everything right", () => {
    let directory: string;
    beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), "clearpath-power-"));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    // Where a step has many commands, every few of them are cut at; the campaign of `clearpath lab faults` has the rest.
    test.each<[string, Steps, number]>([
        ["a file that was not there", file("/etc/deep/er/note", false), 3],
        ["a file that was", file("/etc/motd", true), 3],
        ["a unit", unit, 7],
        ["a table", tableSteps(), 15],
        ["registries", registriesSteps(), 15],
    ])(
        "of %s",
        (what, steps, every) => {
            const place = join(directory, what.replaceAll(" ", "-"));
            spawnSync("mkdir", [place]);
            for (const [name, text] of Object.entries(steps)) writeFileSync(join(place, name), text);

            const { stdout } = inNamespaces("setsid", "-w", "sh", HOST, place, String(every), "0");

            expect(stdout).toMatch(/^([5-9]|\d\d) power cuts\n$/);
        },
        300_000,
    );
});
