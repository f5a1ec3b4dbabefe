import { describe, expect, it, test } from "vitest";
import { GatewayPath, type GatewayPathArgs } from "../../../components/gatewayPath.ts";
import type { GatewayArgs } from "../../../components/hosts.ts";
import { measuredPathMtu } from "../../../network/mtu.ts";
import { clampedMss, readClamp, unclampedSubnets } from "../../../network/readClamp.ts";
import { PathMtu } from "../../../provider/resources/pathMtu.ts";
import { gatewayFacts, nodeFacts, ROUTER_MAC, VMBR1_MAC } from "./facts.ts";
import { known, registeredBy } from "./recorded.ts";

const pve: GatewayArgs = { name: "pve", connection: { host: "192.168.77.2" } };
const plan: GatewayPathArgs = {
    gateway: pve,
    nodes: [
        { name: "cp1", role: "server", connection: { host: "10.27.27.11" }, link: "eth0" },
        { name: "worker1", role: "agent", connection: { host: "10.27.27.21" }, link: "ens18" },
    ],
    nodeSubnets: ["10.27.27.0/24"],
    pathMtu: { ipv4: 1380, ipv6: null },
    gatewayFacts: gatewayFacts(),
    nodeFacts: [nodeFacts(VMBR1_MAC)],
};

async function tablesOf(changes: Partial<GatewayPathArgs>) {
    const { made, resources } = await registeredBy(() => new GatewayPath("path", { ...plan, ...changes }));
    const tables = resources.filter(({ type }) => type === "clearpath:host:NftTable");
    return {
        path: made,
        tables: tables.map(({ name, inputs }) => ({ name, inputs: inputs as Record<string, string> })),
    };
}

describe("the mode", () => {
    test.each<[string, Partial<GatewayPathArgs>, string, string]>([
        [
            "routed where the nodes' gateway is a link of the host",
            {},
            "routed",
            "The nodes' gateway is link vmbr1 of pve.",
        ],
        [
            "bridged where it is someone else's",
            { nodeFacts: [nodeFacts(ROUTER_MAC)] },
            "bridged",
            "The MAC address of the nodes' gateway belongs to no link of pve, so pve only bridges to it.",
        ],
        [
            "routed while no node knows its gateway",
            { nodeFacts: [nodeFacts(null)] },
            "routed",
            "No node knows the MAC address of its gateway, so Clearpath assumes that pve routes. Set gateway.mode to bridged if it only bridges.",
        ],
        [
            "what the configuration says, against the facts",
            { gateway: { ...pve, mode: "bridged" } },
            "bridged",
            "The configuration says bridged.",
        ],
        [
            "nodes without a gateway",
            { gateway: undefined },
            "nodes",
            "No gateway is given, so every node clamps for itself.",
        ],
        [
            "routed where nobody was asked",
            { gatewayFacts: undefined, nodeFacts: undefined },
            "routed",
            "No node knows the MAC address of its gateway, so Clearpath assumes that pve routes. Set gateway.mode to bridged if it only bridges.",
        ],
    ])("is %s", async (_, changes, mode, why) => {
        const { path } = await tablesOf(changes);
        expect(await known(path.mode)).toBe(mode);
        expect(await known(path.why)).toBe(why);
    });

    it("puts an inet table on a host that routes, and a bridge table on one that bridges", async () => {
        const routed = await tablesOf({});
        expect(routed.tables.map(({ name, inputs }) => [name, inputs.family])).toEqual([["path-pve", "inet"]]);
        const bridged = await tablesOf({ nodeFacts: [nodeFacts(ROUTER_MAC)] });
        expect(bridged.tables.map(({ name, inputs }) => [name, inputs.family])).toEqual([["path-pve", "bridge"]]);
    });

    it("nodes leaves the gateway alone and clamps on every node's own link", async () => {
        const { tables } = await tablesOf({ gateway: { ...pve, mode: "nodes" } });
        expect(tables.map(({ name, inputs }) => [name, inputs.family])).toEqual([
            ["path-cp1", "inet"],
            ["path-worker1", "inet"],
        ]);
        expect(tables[1]?.inputs.content).toContain('oifname "ens18"');
    });
});

describe("the clamp", () => {
    it("is what the path MTU leaves, for the nodes and the pods that leave unmasqueraded", async () => {
        const { path, tables } = await tablesOf({ podSubnets: ["10.42.0.0/16"] });
        const clamp = readClamp(tables[0]!.inputs.content!);
        expect(await known(path.mss)).toEqual({ ipv4: 1340, ipv6: null });
        expect(clampedMss(clamp, "ipv4")).toBe(1340);
        expect(unclampedSubnets(clamp, ["10.27.27.0/24", "10.42.0.0/16"])).toEqual([]);
    });

    it("has an MSS of its own for IPv6", async () => {
        const { tables } = await tablesOf({
            nodeSubnets: ["10.27.27.0/24", "2001:db8:27::/64"],
            pathMtu: { ipv4: 1380, ipv6: 1360 },
        });
        const clamp = readClamp(tables[0]!.inputs.content!);
        expect([clampedMss(clamp, "ipv4"), clampedMss(clamp, "ipv6")]).toEqual([1340, 1300]);
    });

    it("is the MSS that the configuration gives", async () => {
        const { path } = await tablesOf({ mss: 1300 });
        expect(await known(path.mss)).toEqual({ ipv4: 1300, ipv6: 1280 });
    });

    it("is left out while the path MTU is not known, and ICMP is let through all the same", async () => {
        const { path, tables } = await tablesOf({ pathMtu: { ipv4: null, ipv6: null } });
        const clamp = readClamp(tables[0]!.inputs.content!);
        expect(await known(path.mss)).toEqual({ ipv4: null, ipv6: null });
        expect(clamp.rules).toEqual([]);
        expect(clamp.icmpAccepted).toContainEqual({ hook: "forward", family: "ipv4" });
    });

    it("goes by the egress link where one is named", async () => {
        const { tables } = await tablesOf({ gateway: { ...pve, egressLink: "vmbr0" } });
        expect(tables[0]?.inputs.content).toContain('oifname "vmbr0" ip saddr @inside_ipv4');
    });
});

it("keeps connections out of the component's own inputs", async () => {
    const { resources } = await registeredBy(() => new GatewayPath("path", plan));
    expect(resources.find(({ type }) => type === "clearpath:index:GatewayPath")?.inputs).toEqual({});
});

it("has a table at the first preview, whose family and content nobody can know yet", async () => {
    const { made, resources } = await registeredBy(
        () => {
            const { connection } = pve;
            const path = new PathMtu("mtu", { connection, vantagePoint: "pve", endpoints: [{ host: "ghcr.io" }] });
            const pathMtu = path.result.apply(result => measuredPathMtu([result]));
            return new GatewayPath("path", { ...plan, pathMtu, gatewayFacts: path.facts });
        },
        { preview: true },
    );
    const table = resources.find(({ type }) => type === "clearpath:host:NftTable");
    expect(table?.inputs).toMatchObject({ connection: { host: "192.168.77.2" }, table: "clearpath" });
    expect([await known(made.mss), await known(made.mode)]).toEqual([undefined, undefined]);
});
