import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fluxLint } from "../../../policy/fluxLint.ts";
import { judgeStack } from "./stackOf.ts";

const fixtures = join(import.meta.dirname, "..", "cluster", "lint", "fixtures");

const judged = (config: object) => judgeStack(fluxLint, [], { config: { ...config } });

describe("flux-lint", () => {
    it("judges nothing as long as no repository is named", async () => {
        const { violations, unjudged } = await judged({});
        expect(violations).toEqual([]);
        expect(unjudged).toBe("No path of a Flux repository is configured.");
    });

    it("refuses what lint calls an error, with file, line and rule", async () => {
        const { violations } = await judged({ paths: [join(fixtures, "store-in-health-checks")] });
        expect(violations.length).toBeGreaterThan(0);
        expect(violations[0]!.message).toMatch(/stores\.yaml:\d+: .*\(clearpath lint, store-in-health-checks\)$/);
    });

    it("shows the chain by which a workload waits", async () => {
        const { violations } = await judged({ paths: [join(fixtures, "chain")] });
        expect(violations.map(({ message }) => message).join("\n")).toMatch(
            /Kustomization\/\S+ waits for \S+ waits for \S+/,
        );
    });

    it("refuses warnings only when it is strict", async () => {
        const paths = [join(fixtures, "images")];
        const imageGroups = join(fixtures, "images", "groups.yaml");
        const lenient = await judged({ paths, imageGroups });
        const strict = await judged({ paths, imageGroups, strict: true });
        expect(strict.violations.length).toBeGreaterThan(lenient.violations.length);
        expect(strict.violations.map(({ message }) => message).join()).toContain("image-outside-mirror-groups");
    });

    it("reads relative paths from where the command was started", async () => {
        const before = process.env.PWD;
        process.env.PWD = fixtures;
        try {
            const { violations } = await judged({ paths: ["store-in-health-checks"] });
            expect(violations[0]!.message).toMatch(/^store-in-health-checks\/clusters\/home\/stores\.yaml:\d+: /);
        } finally {
            process.env.PWD = before;
        }
    });
});
