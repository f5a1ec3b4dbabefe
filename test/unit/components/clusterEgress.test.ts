import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { ClusterEgress, type ClusterEgressArgs } from "../../../components/clusterEgress.ts";
import type { NodeArgs } from "../../../components/hosts.ts";
import { judged } from "../network/verdict/reports.ts";
import { egress } from "../policy/stackOf.ts";
import { gatewayFacts, measured, nodeFacts, VMBR1_MAC } from "./facts.ts";
import { known, type Outputs, registeredBy } from "./recorded.ts";

const cp1: NodeArgs = { name: "cp1", role: "server", connection: { host: "10.27.27.11" }, link: "eth0" };
const worker1: NodeArgs = { name: "worker1", role: "agent", connection: { host: "10.27.27.21" }, link: "eth0" };
const plan: ClusterEgressArgs = {
    gateway: { name: "pve", connection: { host: "192.168.77.2", password: "hunter2" }, egressLink: "vmbr0" },
    nodes: [cp1, worker1],
    nodeSubnets: ["10.27.27.0/24"],
    nodeMtu: 1400,
    probe: { endpoints: [{ host: "ghcr.io" }] },
};

/** What hosts answer on a path of 1380 bytes. */
const hosts: Outputs = (type, name) => {
    const host = name.split("-").at(-1)!;
    const appliedAt = `2025-01-01T00:00:00Z ${name}`;
    switch (type) {
        case "clearpath:probe:PathMtu":
            return { result: measured(1380), facts: host === "pve" ? gatewayFacts() : nodeFacts(VMBR1_MAC) };
        case "clearpath:probe:Egress":
            return egress(host, host === "pve" ? "gateway" : host === "cp1" ? "server" : "agent").props;
        default:
            return { appliedAt };
    }
};

const namesOf = (resources: { type: string; name: string }[], type: string) =>
    resources
        .filter(resource => resource.type === type)
        .map(({ name }) => name)
        .sort();

describe("ClusterEgress", () => {
    it("registers every output that programs read, so that a stack's state has it", async () => {
        const { made, outputsOf } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        const read = Object.entries(made).filter(([key, value]) => key !== "urn" && pulumi.Output.isInstance(value));
        expect(Object.keys(outputsOf.get(made)!).sort()).toEqual(read.map(([key]) => key).sort());
        expect(outputsOf.get(made)).toHaveProperty("mirrorNext");
    });

    it("measures at the gateway and one node, clamps, sets every node's MTU, and probes from everywhere", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        expect(namesOf(resources, "clearpath:probe:PathMtu")).toEqual(["egress-path-mtu-cp1", "egress-path-mtu-pve"]);
        expect(namesOf(resources, "clearpath:host:NftTable")).toEqual(["egress-path-pve"]);
        expect(namesOf(resources, "clearpath:host:LinkMtu")).toEqual(["egress-mtu-cp1", "egress-mtu-worker1"]);
        expect(namesOf(resources, "clearpath:probe:Egress")).toEqual([
            "egress-probe-cp1",
            "egress-probe-pve",
            "egress-probe-worker1",
        ]);
        expect(namesOf(resources, "command:remote:Command")).toEqual([]);
    });

    it("has nothing changed by which a node would lose an endpoint", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        const witnesses = Object.fromEntries(
            resources
                .filter(({ inputs }) => "witnesses" in inputs)
                .map(({ name, inputs }) => [name, inputs.witnesses as { name: string; endpoints: object[] }[]]),
        );
        const endpoints = [{ host: "ghcr.io", port: 443 }];
        expect(witnesses).toMatchObject({
            "egress-path-pve": [
                { name: "cp1", connection: { host: "10.27.27.11" }, endpoints },
                { name: "worker1", endpoints },
            ],
            "egress-mtu-cp1": [{ name: "cp1", endpoints }],
            "egress-mtu-worker1": [{ name: "worker1", endpoints }],
        });
    });

    it("has every host ask whether packets as large as its link reach the nodes", async () => {
        const asked = async (args: ClusterEgressArgs) =>
            (await registeredBy(() => new ClusterEgress("egress", args), { outputs: hosts })).resources
                .filter(({ type }) => type === "clearpath:probe:Egress")
                .map(({ inputs }) => (inputs.plan as { neighbours: string[] }).neighbours);
        const byAddress = ["10.27.27.11", "10.27.27.21"];
        expect(await asked(plan)).toEqual([byAddress, byAddress, byAddress]);
        const worker2: NodeArgs = { ...worker1, name: "worker2", connection: { host: "worker2.example" } };
        expect((await asked({ ...plan, nodes: [cp1, worker1, worker2] }))[0]).toEqual(byAddress);
        const given = { ...plan.probe, neighbours: ["10.27.27.99"] };
        expect((await asked({ ...plan, probe: given }))[0]).toEqual(["10.27.27.99"]);
    });

    it("clamps to what the search for an MSS came to, while the path is the one it was for", async () => {
        const search = (ipv4: number) => ({
            pathMtu: { ipv4, ipv6: null },
            next: { ipv4: 1280, ipv6: null },
            state: { ipv4: "searching", ipv6: null },
            steps: [{ mss: { ipv4: 1340, ipv6: null }, provenAt: "earlier", cause: "pmtu-black-hole", sentence: "" }],
        });
        const urn = "urn:pulumi:test::clearpath::clearpath:index:ClusterEgress::egress";
        const upAfter = (mssSearch: object, mss: "auto" | number = "auto") =>
            registeredBy(() => new ClusterEgress("egress", { ...plan, mss }), {
                outputs: hosts,
                before: { [urn]: { outputs: { mssSearch } } },
            });

        const going = await upAfter(search(1380));
        expect(await known(going.made.mss)).toEqual({ ipv4: 1280, ipv6: null });
        expect(await known(going.made.mssSearch)).toMatchObject({ state: { ipv4: "settled" }, next: { ipv4: 1280 } });
        const [table] = going.resources.filter(({ type }) => type === "clearpath:host:NftTable");
        expect(table!.inputs.content).toContain("size set 1280");
        expect(await known((await upAfter(search(1400))).made.mss)).toEqual({ ipv4: 1340, ipv6: null });
        const byHand = await upAfter(search(1380), 1300);
        expect(await known(byHand.made.mss)).toMatchObject({ ipv4: 1300 });
        expect(await known(byHand.made.mssSearch)).toBeNull();
    });

    it("says what it found, did and proved", async () => {
        const { made } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        expect(await known(made.pathMtu)).toEqual({ ipv4: 1380, ipv6: null });
        expect(await known(made.mss)).toEqual({ ipv4: 1340, ipv6: null });
        expect(await known(made.nodeMtu)).toBe(1400);
        expect(await known(made.mode)).toEqual({ mode: "routed", why: "The nodes' gateway is link vmbr1 of pve." });
        expect(await known(made.probes)).toMatchObject({ cp1: { passed: true, stability: "stable" } });
        expect(await known(made.verdict)).toMatchObject({ cause: "none" });
    });

    it("probes again when a table, a link or the MSS changes", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        const probe = resources.find(({ name }) => name === "egress-probe-cp1");
        expect(probe?.inputs.triggers).toEqual([
            "2025-01-01T00:00:00Z egress-path-pve",
            "2025-01-01T00:00:00Z egress-mtu-cp1",
            "2025-01-01T00:00:00Z egress-mtu-worker1",
            "mss 1340 null",
        ]);
    });

    it("does not measure the path again because of what it changed", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        const [measurement] = resources.filter(({ type }) => type === "clearpath:probe:PathMtu");
        expect(measurement?.inputs.triggers).toBeUndefined();
    });

    it("measures at every node where there is no gateway, and probes from the nodes alone", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", { ...plan, gateway: undefined }), {
            outputs: hosts,
        });
        expect(namesOf(resources, "clearpath:probe:PathMtu")).toEqual([
            "egress-path-mtu-cp1",
            "egress-path-mtu-worker1",
        ]);
        expect(namesOf(resources, "clearpath:host:NftTable")).toEqual(["egress-path-cp1", "egress-path-worker1"]);
        expect(namesOf(resources, "clearpath:probe:Egress")).toEqual(["egress-probe-cp1", "egress-probe-worker1"]);
    });

    it("takes the path MTU that the configuration knows better, and measures it all the same", async () => {
        const args = { ...plan, pathMtu: { ipv4: 1300, ipv6: null } };
        const { made, resources } = await registeredBy(() => new ClusterEgress("egress", args), { outputs: hosts });
        expect(await known(made.mss)).toEqual({ ipv4: 1260, ipv6: null });
        expect(namesOf(resources, "clearpath:probe:PathMtu")).toHaveLength(2);
    });

    it("installs prerequisites on every host where it is asked to", async () => {
        const args = { ...plan, prerequisites: true };
        const { resources } = await registeredBy(() => new ClusterEgress("egress", args), { outputs: hosts });
        expect(namesOf(resources, "command:remote:Command")).toEqual([
            "egress-prerequisites-cp1",
            "egress-prerequisites-pve",
            "egress-prerequisites-worker1",
        ]);
    });

    it("registers every resource at a first preview, when nothing is known of the hosts", async () => {
        const { made, resources } = await registeredBy(() => new ClusterEgress("egress", plan), { preview: true });
        expect(namesOf(resources, "clearpath:host:NftTable")).toEqual(["egress-path-pve"]);
        expect(namesOf(resources, "clearpath:probe:Egress")).toHaveLength(3);
        expect([await known(made.mss), await known(made.verdict)]).toEqual([undefined, undefined]);
    });

    it("gives passwords to no component, whose inputs the state would hold in the clear", async () => {
        const { resources } = await registeredBy(() => new ClusterEgress("egress", plan), { outputs: hosts });
        const components = resources.filter(({ type }) => type.startsWith("clearpath:index:"));
        expect(components.map(({ type }) => type)).toContain("clearpath:index:ClusterEgress");
        expect(JSON.stringify(components)).not.toContain("hunter2");
    });

    describe("with a cache", () => {
        const urn = "urn:pulumi:test::clearpath::clearpath:index:ClusterEgress::egress";
        const cache = {
            placement: "host" as const,
            host: { name: "registry", connection: { host: "10.27.27.5", password: "hunter3" } },
        };
        const registered = (change: Partial<ClusterEgressArgs>, before = {}) =>
            registeredBy(() => new ClusterEgress("egress", { ...plan, cache, ...change }), { outputs: hosts, before });
        const recorded = (stability: string, decision = { mirror: false, why: "" }) => ({
            [urn]: {
                outputs: {
                    verdict: { ...judged([]), stability: { cp1: stability }, summary: "As it was." },
                    mirrorDecision: decision,
                },
            },
        });
        const hasCache = ({ resources }: { resources: { type: string }[] }) =>
            resources.some(({ type }) => type === "clearpath:index:PullThroughRegistry");

        it("has none unless it is asked for", async () => {
            expect(hasCache(await registered({}))).toBe(false);
        });

        it("probes again when the nodes' mirrors change", async () => {
            const { resources } = await registered({ mirror: "always" });
            const probe = resources.find(({ name }) => name === "egress-probe-cp1");
            expect(probe?.inputs.triggers).toContain(
                "mirrors 2025-01-01T00:00:00Z egress-mirrors-registries-cp1 2025-01-01T00:00:00Z egress-mirrors-registries-worker1",
            );
        });

        it("previews it all at first, where it is always wanted", async () => {
            const made = await registeredBy(() => new ClusterEgress("egress", { ...plan, cache, mirror: "always" }), {
                preview: true,
            });
            expect(namesOf(made.resources, "clearpath:k3s:Registries")).toHaveLength(2);
        });

        it.each([
            ["before the first verdict", {}, false],
            ["after a stable verdict", recorded("stable"), false],
            ["after one that was not stable", recorded("unstable"), true],
            ["once it was decided for", recorded("stable", { mirror: true, why: "It was not stable." }), true],
        ])("decides by what was recorded: %s", async (_, before, expected) => {
            const found = await registered({ mirror: "auto" }, before);
            expect(hasCache(found)).toBe(expected);
            expect(await known(found.made.mirrorDecision.mirror)).toBe(expected);
        });

        it("clamps its host where no gateway does", async () => {
            const withGateway = await registered({ mirror: "always" });
            expect(namesOf(withGateway.resources, "clearpath:host:NftTable")).not.toContain("egress-mirrors-clamp");
            const without = await registered({ mirror: "always", gateway: undefined });
            expect(namesOf(without.resources, "clearpath:host:NftTable")).toContain("egress-mirrors-clamp");
        });

        it("is missed by name where it is wanted and not described", async () => {
            await expect(registered({ mirror: "auto", cache: undefined })).rejects.toThrow("mirror auto needs a cache");
        });
    });
});
