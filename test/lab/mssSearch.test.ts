import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeployResult } from "../../cli/deploy/deploy.ts";
import { readEvidence } from "../../cli/evidence/file.ts";
import { repositoryRoot } from "../../cli/root.ts";
import { type Journey, startJourney } from "../../lab/journey/journey.ts";
import { loadScenario } from "../../lab/network/scenario.ts";
import { labPaths } from "../../lab/network/topology.ts";
import type { MssSearch } from "../../network/mssSearch.ts";

const instance = "msstest";

/**
 * Blob hosts behind a tunnel of 1100 bytes, which the search of the path to the registries cannot see. IPv4 has to be
 * clamped to it in a second step; IPv6 carries less than it must, so there the MSS is not the cure.
 */
const scenario = loadScenario(join(repositoryRoot, "lab", "scenarios", "narrow-blob-hosts-ipv6.json"));

describe("an up whose probes still show that large packets vanish", () => {
    let journey: Journey;
    let up: DeployResult;
    let search: MssSearch;

    beforeAll(async () => {
        journey = await startJourney({ instance, scenario, engine: "embedded", onProgress: () => {}, quiet: true });
        up = await journey.deploy("up", { skipPreview: true });
        search = up.outputs.mssSearch as MssSearch;
    });
    afterAll(() => journey?.end());

    test("fails by nothing but the policies that judge its probes", () => {
        expect(up.ok).toBe(false);
        const policies = new Set(up.violations.map(({ policy }) => policy));
        expect([...policies].toSorted()).toEqual(["no-tls-timeouts", "pulls-succeed"]);
        expect(up.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    });

    test("clamps to what the probes measured, and probes again", async () => {
        expect(search.pathMtu).toEqual({ ipv4: 1500, ipv6: 1500 });
        expect(search.steps.map(({ mss }) => mss.ipv4)).toEqual([1460, 1060]);
        expect(up.outputs.mss).toEqual({ ipv4: 1060, ipv6: 1440 });
        const { stdout } = await journey.lab.exec("pve", ["nft", "list", "table", "inet", "clearpath"]);
        expect(stdout).toContain("maxseg size set 1060");
    });

    test("stops where the MSS is not the cure, and says so", () => {
        expect(search.state).toEqual({ ipv4: "settled", ipv6: "not-the-cure" });
        const [first, last] = search.steps.map(({ sentence }) => sentence);
        expect(first).toMatch(/IPv6: only 1100 bytes pass, .*the MSS is not the cure/);
        expect(last).toBe("IPv6: large packets vanish as before, and the MSS is not the cure.");
        expect(up.outputs.verdict).toMatchObject({ cause: "pmtu-black-hole" });
    });

    test("keeps the evidence of each step, with every connection", async () => {
        const directory = join(labPaths(instance).run, "evidence");
        const files = (await readdir(directory)).toSorted();
        const steps = await Promise.all(files.map(file => readEvidence(join(directory, file))));
        expect(steps.map(({ notes }) => notes[1]!.slice(0, 46))).toEqual([
            "Step 1 of the MSS search: IPv4 1460, IPv6 1440",
            "Step 2 of the MSS search: IPv4 1060, IPv6 1440",
        ]);
        for (const { reports } of steps) {
            expect(reports.map(({ vantagePoint }) => vantagePoint)).toEqual(["cp1", "pve", "worker1"]);
            for (const { samples } of reports) expect(samples.length).toBeGreaterThan(20);
        }
    });
});
