import { describe, expect, test } from "vitest";
import { decideMirror, type LastOutcome } from "../../../../network/pullThrough/decision.ts";
import { judged } from "../verdict/reports.ts";

const recorded = (
    stability: Record<string, "stable" | "unstable" | "inconclusive">,
    change: Partial<LastOutcome> = {},
): LastOutcome => ({
    verdict: { ...judged([]), summary: "One in five is lost.", stability },
    decision: { mirror: false, why: "" },
    stillSearching: false,
    ...change,
});

describe("mirror", () => {
    test.each([
        ["always", true],
        ["never", false],
    ] as const)("%s needs no evidence", (setting, mirror) => {
        expect(decideMirror(setting, undefined).mirror).toBe(mirror);
        expect(decideMirror(setting, recorded({ cp1: "unstable" })).mirror).toBe(mirror);
    });

    test("auto waits for a first verdict", () => {
        expect(decideMirror("auto", undefined)).toMatchObject({
            mirror: false,
            why: expect.stringContaining("No verdict"),
        });
    });

    test("auto takes no cache where the last verdict was stable, and says so", () => {
        expect(decideMirror("auto", recorded({ cp1: "stable", pve: "stable" }))).toEqual({
            mirror: false,
            why: "The last verdict was stable: One in five is lost.",
        });
    });

    test.each(["unstable", "inconclusive"] as const)(
        "auto takes one where a vantage point was %s, and names it",
        state => {
            expect(decideMirror("auto", recorded({ cp1: "stable", worker1: state }))).toEqual({
                mirror: true,
                why: "The last verdict was not stable on worker1: One in five is lost.",
            });
        },
    );

    test("auto shows what was seen from there", () => {
        const last = recorded({ cp1: "unstable", pve: "stable" });
        last.verdict.evidence = ["pve", "cp1"].map(vantagePoint => ({
            vantagePoint,
            statement: "lost some",
            samples: [],
        }));
        expect(decideMirror("auto", last).why).toMatch(/on cp1: One in five is lost\. cp1: lost some\.$/);
    });

    test("auto adds no cache while the search for an MSS goes on", () => {
        expect(decideMirror("auto", recorded({ cp1: "unstable" }, { stillSearching: true })).mirror).toBe(false);
    });

    test("auto keeps what it once decided, since the next verdict is one of the way with the cache", () => {
        const decision = { mirror: true, why: "The last verdict was not stable on cp1." };
        expect(decideMirror("auto", recorded({ cp1: "stable" }, { decision }))).toBe(decision);
    });
});
