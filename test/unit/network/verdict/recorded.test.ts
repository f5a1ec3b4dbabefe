import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { unmet } from "../../../../lab/journey/expectation.ts";
import { RECORDED, type Recorded } from "./record.ts";
import { judged } from "./reports.ts";

const recorded = JSON.parse(gunzipSync(readFileSync(RECORDED)).toString()) as Recorded[];

describe("networks that were probed in the lab", () => {
    test("are of every cause that a lab can have", () => {
        const causes = new Set(recorded.map(({ expected }) => expected.cause));
        expect(causes.size).toBeGreaterThanOrEqual(10);
    });

    test.each(recorded.map((network, index) => ({ ...network, title: `${index} ${network.name}` })))(
        "$title has the verdict that it deserves",
        ({ expected, reports }) => {
            expect(unmet(expected, judged(reports))).toEqual([]);
        },
    );

    test("are never taken for healthy when fewer vantage points report of a fault that all of them meet", () => {
        const faults = recorded.filter(
            ({ expected }) => expected.cause !== "none" && expected.scope === "host-and-vms",
        );
        const cut = faults.flatMap(({ reports }) => reports.map(one => reports.filter(other => other !== one)));
        expect(cut.length).toBeGreaterThan(50);
        expect(cut.filter(reports => judged(reports).cause === "none")).toEqual([]);
    });
});
