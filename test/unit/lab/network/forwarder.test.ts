import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { forwarderConfig } from "../../../../lab/network/isp/path.ts";
import { parseScenario } from "../../../../lab/network/scenario.ts";

describe("the forwarder", () => {
    it("passes its own tests of packets and queues, which are Python as it is", () => {
        const tests = fileURLToPath(new URL("./forwarder_test.py", import.meta.url));

        const { status, stderr } = spawnSync("python3", ["-B", tests], { encoding: "utf8" });

        expect(stderr).toMatch(/\nOK\n$/);
        expect(status).toBe(0);
    });

    it.each([
        ["both", 1380, 1380],
        ["upload", 1380, 1500],
        ["download", 1500, 1380],
    ] as const)("limits packets %s as told", (mtuAppliesTo, upload, download) => {
        const scenario = parseScenario({ internet: { paths: [{ mtu: 1380, mtuAppliesTo }] } });

        const config = forwarderConfig("lab", scenario, 0);

        expect([config.upload.mtu, config.download.mtu]).toEqual([upload, download]);
    });

    it("answers from the router at the path's far end, so that no host gets a packet from itself", () => {
        const config = forwarderConfig("lab", parseScenario({}), 0);

        expect(config.upload.router.ipv4).toBe("100.64.0.2");
        expect(config.download.router.ipv4).toBe("100.64.0.1");
    });

    it("draws each path's losses from another seed", () => {
        const scenario = parseScenario({ seed: 7, internet: { paths: [{}, {}] } });

        expect([0, 1].map(index => forwarderConfig("lab", scenario, index).seed)).toEqual(["7/path0", "7/path1"]);
    });
});
