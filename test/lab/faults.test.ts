import { expect, test } from "vitest";
import { faultCampaign } from "../../lab/faults/campaign.ts";
import { KINDS, WORKS } from "../../lab/faults/fault.ts";

/** Two of the cases; the others are left to `npm run test:faults`. */
const CUT = "a change that cuts new connections only";
const REBOOTS = "reboots after an up and after a destroy";

test("nothing is lost when runner, engine, plugin, connection or host is killed in the middle of a run", async () => {
    const { faults, cases } = await faultCampaign({
        instance: "faulttest",
        count: KINDS.length,
        cases: [CUT, REBOOTS],
        seed: "20240",
        lanes: 2,
        onProgress: sentence => process.stderr.write(`${sentence}\n`),
    });

    expect([...faults, ...cases].filter(({ lost }) => lost.length > 0)).toEqual([]);
    expect(new Set(faults.map(({ fault }) => fault.kind))).toEqual(new Set(KINDS));
    expect(new Set(faults.map(({ fault }) => fault.work))).toEqual(new Set(WORKS));
    const rebooted = ["cp1 and worker2", "worker1 and worker3"].map(hosts => `${REBOOTS}, ${hosts}`);
    expect(cases.map(({ name }) => name).toSorted()).toEqual([CUT, ...rebooted]);
});
