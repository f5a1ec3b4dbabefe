import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { PLANNED_ENDPOINTS, PLANNED_IMAGES } from "../../../components/config/config.ts";
import { readStackConfig, type StackConfig } from "../../../components/config/stackConfig.ts";
import { Endpoint } from "../../../network/probe/plan.ts";

/** The configuration of the worked example, as the engine hands it to the program. */
function devConfig(): StackConfig {
    const { config } = parse(readFileSync(join(import.meta.dirname, "../../../Pulumi.dev.yaml"), "utf8"));
    const asText = Object.entries(config).map(([key, value]) => [
        key,
        typeof value === "object" ? JSON.stringify(value) : String(value),
    ]);
    const result = readStackConfig(Object.fromEntries(asText));
    if ("faults" in result) throw new Error(result.faults.join("\n"));
    return result.config;
}

it("the worked example is a right configuration of the plan's cluster", () => {
    expect(devConfig()).toMatchObject({
        gateway: { name: "pve", mode: "auto" },
        nodeSubnets: ["10.27.27.0/24"],
        nodes: [
            { name: "cp1", role: "server", connection: { host: "10.27.27.11", user: "root" } },
            { name: "worker1", role: "agent", connection: { host: "10.27.27.21", user: "root" } },
        ],
        nodeMtu: 1400,
        mss: "auto",
    });
});

it("the worked example spells out the endpoints and images that a stack has by default", () => {
    expect(devConfig().probe.endpoints).toEqual(PLANNED_ENDPOINTS.map(endpoint => Endpoint.parse(endpoint)));
    expect(devConfig().probe.images).toEqual(PLANNED_IMAGES);
});
