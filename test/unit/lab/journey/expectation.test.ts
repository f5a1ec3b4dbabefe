import { describe, expect, test } from "vitest";
import { unmet } from "../../../../lab/journey/expectation.ts";

const record = {
    before: { verdict: { cause: "pmtu-black-hole", pathMtu: { ipv4: 1380, ipv6: null } }, probes: [] },
    up: { changes: 7, violations: ["a", "b"], mss: { ipv4: 1340, ipv6: 1320 } },
};

describe("an expectation", () => {
    test.each([
        ["nothing given", {}, []],
        ["a verdict's fields directly under before", { before: { cause: "pmtu-black-hole" } }, []],
        ["nested objects partially", { up: { mss: { ipv4: 1340 } } }, []],
        ["lists in any order", { up: { violations: ["b", "a"] } }, []],
        ["a null", { before: { pathMtu: { ipv6: null } } }, []],
        ["another value", { before: { cause: "none" } }, ['before.cause: expected "none", saw "pmtu-black-hole"']],
        ["a longer list", { up: { violations: ["a"] } }, ['up.violations: expected ["a"], saw ["a","b"]']],
        [
            "a part that is missing",
            { destroy: { restored: true } },
            ['destroy: expected {"restored":true}, saw undefined'],
        ],
    ])("compares %s", (_, expected, said) => {
        expect(unmet(expected, record)).toEqual(said);
    });
});
