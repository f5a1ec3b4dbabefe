import { describe, expect, it, test } from "vitest";
import { repaired, settled } from "../../../../lab/journey/run.ts";
import { laidOver } from "../../../../lab/journey/stack.ts";

describe("what a refresh repaired", () => {
    const urn = (type: string, name: string) => `urn:pulumi:lab::clearpath::${type}::${name}`;
    const mtu = urn("clearpath:index:ClusterEgress$clearpath:index:NodeMtu$clearpath:host:LinkMtu", "mtu-cp1");
    const table = urn("clearpath:index:ClusterEgress$clearpath:index:GatewayPath$clearpath:host:NftTable", "clamp");
    const probe = urn("clearpath:index:ClusterEgress$clearpath:probe:Egress", "probe-cp1");
    const component = urn("clearpath:index:ClusterEgress", "egress");

    it("is updates and replacements of resources on hosts, each once, sorted", () => {
        const steps = [
            { urn: table, op: "create-replacement" },
            { urn: table, op: "replace" },
            { urn: mtu, op: "update" },
            { urn: probe, op: "update" },
            { urn: component, op: "update" },
        ] as const;

        expect(repaired({ steps: [...steps] })).toEqual([table, mtu]);
    });

    it("is not what an earlier up had failed to create, nor what was right", () => {
        const steps = [
            { urn: table, op: "create" },
            { urn: mtu, op: "same" },
        ] as const;

        expect(repaired({ steps: [...steps] })).toEqual([]);
    });
});

test.each([
    [
        { mss: { ipv4: 1340, ipv6: null }, nodeMtu: 1400 },
        { mss: { ipv4: 1340, ipv6: null }, mtu: 1400, mirror: false },
    ],
    [{}, { mss: { ipv4: null, ipv6: null }, mtu: null, mirror: false }],
    [
        { mss: "[unknown]", nodeMtu: "[unknown]" },
        { mss: { ipv4: null, ipv6: null }, mtu: null, mirror: false },
    ],
])("of a stack's outputs %j the record has %j", (outputs, settings) => {
    expect(settled({ outputs })).toEqual(settings);
});

describe("a scenario's values over the lab's", () => {
    const values = { gateway: { name: "pve", mode: "auto" }, nodeSubnets: ["10.0.0.0/8"], mss: "auto" };

    test.each([
        [
            "lay groups over groups key by key",
            { gateway: { mode: "nodes" } },
            { gateway: { name: "pve", mode: "nodes" } },
        ],
        ["replace lists whole", { nodeSubnets: ["192.168.0.0/16"] }, { nodeSubnets: ["192.168.0.0/16"] }],
        ["replace a word by a group", { mss: { ipv4: 1300 } }, { mss: { ipv4: 1300 } }],
        ["add keys", { nodeMtu: 1380 }, { nodeMtu: 1380 }],
    ])("%s", (_, over, changed) => {
        expect(laidOver(values, over)).toEqual({ ...values, ...changed });
    });

    it("take a key away by null", () => {
        expect(laidOver(values, { gateway: null })).toEqual({ nodeSubnets: ["10.0.0.0/8"], mss: "auto" });
    });
});
