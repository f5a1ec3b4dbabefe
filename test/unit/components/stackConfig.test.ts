import { describe, expect, it, test } from "vitest";
import { readStackConfig, type StackConfig } from "../../../components/config/stackConfig.ts";

const cp1 = { name: "cp1", role: "server", connection: { host: "10.27.27.11" } };
const worker = { name: "worker1", role: "agent", connection: { host: "10.27.27.21" } };

/** A configuration that is right, as the engine hands it over, with some keys changed; null leaves one out. */
function configured(changes: Record<string, unknown>): Record<string, string> {
    const values = {
        gateway: { name: "pve", connection: { host: "192.168.77.2" } },
        nodeSubnets: ["10.27.27.0/24"],
        nodes: [cp1, worker],
        ...changes,
    };
    const given = Object.entries(values).filter(([, value]) => value !== null);
    return Object.fromEntries(
        given.map(([key, value]) => [
            `clearpath:${key}`,
            typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
        ]),
    );
}

function accepted(changes: Record<string, unknown>): StackConfig {
    const result = readStackConfig(configured(changes));
    if ("faults" in result) throw new Error(result.faults.join("\n"));
    return result.config;
}

function faults(changes: Record<string, unknown>): string[] {
    const result = readStackConfig(configured(changes));
    return "faults" in result ? result.faults : [];
}

describe("a wrong value", () => {
    test.each<[string, Record<string, unknown>, string]>([
        [
            "an unknown key near a known one",
            { nodeMTU: 1400 },
            "clearpath:nodeMTU: There is no setting of this name. Did you mean nodeMtu?",
        ],
        [
            "an unknown key like no other",
            { colour: "green" },
            "clearpath:colour: There is no setting of this name. Known here: gateway, nodes, nodeSubnets, podSubnets, nodeMtu, mss, pathMtu, prerequisites, mirror, cache, ssh, sshPassword, sshPrivateKey, probe.",
        ],
        [
            "an unknown key within a node",
            { nodes: [cp1, { ...worker, rol: "agent" }] },
            "clearpath:nodes[1].rol: There is no setting of this name. Did you mean role?",
        ],
        [
            "an unknown key within a connection",
            { nodes: [cp1, { ...worker, connection: { host: "10.27.27.21", hostkey: "x" } }] },
            "clearpath:nodes[1].connection.hostkey: There is no setting of this name. Did you mean hostKey?",
        ],
        [
            "an MTU in words",
            { nodeMtu: "fast" },
            'clearpath:nodeMtu: "fast" is not a whole number. Write for example 1400.',
        ],
        [
            "an MTU with a fraction",
            { nodeMtu: 1400.5 },
            "clearpath:nodeMtu: 1400.5 is not a whole number. Write for example 1400.",
        ],
        [
            "an MTU that IPv4 cannot use",
            { nodeMtu: 67 },
            "clearpath:nodeMtu: 67 is too small: 68 is the least. Write for example 1400.",
        ],
        [
            "an MTU beyond jumbo frames",
            { nodeMtu: 70000 },
            "clearpath:nodeMtu: 70000 is too large: 65535 is the most. Write for example 1400.",
        ],
        [
            "a subnet that is none",
            { nodeSubnets: ["10.27.27.0/24", "10.27.27/24"] },
            'clearpath:nodeSubnets[1]: "10.27.27/24" is not a subnet in CIDR notation. Write for example 10.27.27.0/24 or 2001:db8:27::/64.',
        ],
        [
            "a host's address as a subnet",
            { nodeSubnets: ["10.27.27.1/24"] },
            'clearpath:nodeSubnets[0]: "10.27.27.1/24" has bits set behind its prefix. Write 10.27.27.0/24 for the network, or 10.27.27.1/32 for the one host.',
        ],
        ["no subnets", { nodeSubnets: [] }, "clearpath:nodeSubnets: It is empty. Write for example [10.27.27.0/24]."],
        [
            "a subnet that is no list",
            { nodeSubnets: "10.27.27.0/24" },
            'clearpath:nodeSubnets: "10.27.27.0/24" is not a list. Write for example [10.27.27.0/24].',
        ],
        [
            "no nodes",
            { nodes: [] },
            "clearpath:nodes: It is empty. Write for example [{ name: cp1, role: server, connection: { host: 10.27.27.11 } }].",
        ],
        [
            "nodes left out",
            { nodes: null },
            "clearpath:nodes: It is missing. Write for example [{ name: cp1, role: server, connection: { host: 10.27.27.11 } }].",
        ],
        [
            "a node listed twice",
            { nodes: [cp1, { ...worker, name: "cp1" }] },
            'clearpath:nodes[1].name: "cp1" is already the name of nodes[0]. Give every host a name of its own.',
        ],
        [
            "two nodes of one address",
            { nodes: [cp1, { ...worker, connection: cp1.connection }] },
            'clearpath:nodes[1].connection.host: "10.27.27.11" is already the address of nodes[0]. List every host once.',
        ],
        [
            "a node that has the gateway's name",
            { nodes: [cp1, { ...worker, name: "pve" }] },
            'clearpath:nodes[1].name: "pve" is already the name of gateway. Give every host a name of its own.',
        ],
        [
            "a node outside the subnets",
            { nodes: [cp1, { ...worker, connection: { host: "10.27.28.21" } }] },
            'clearpath:nodes[1].connection.host: "10.27.28.21" of worker1 is in none of nodeSubnets, 10.27.27.0/24, so its connections would not be clamped. Add its subnet to nodeSubnets.',
        ],
        [
            "a role that K3s does not have",
            { nodes: [{ ...cp1, role: "master" }] },
            'clearpath:nodes[0].role: "master" is not one of server, agent. Write one of these.',
        ],
        [
            "a connection without a host",
            { nodes: [{ ...cp1, connection: {} }] },
            "clearpath:nodes[0].connection.host: It is missing. Expected here: IP address or name of the host.",
        ],
        [
            "a mode of no gateway",
            { gateway: { connection: { host: "192.168.77.2" }, mode: "bridge" } },
            'clearpath:gateway.mode: "bridge" is not one of auto, routed, bridged, nodes. Write one of these.',
        ],
        [
            "an egress link on a bridge",
            { gateway: { connection: { host: "192.168.77.2" }, mode: "bridged", egressLink: "eno1" } },
            "clearpath:gateway.egressLink: Mode bridged does not use it: that mode tells packets apart by the node subnets. Remove it, or set gateway.mode to routed.",
        ],
        [
            "an egress link that nftables would take for a pattern",
            { gateway: { connection: { host: "192.168.77.2" }, egressLink: "vmbr*" } },
            'clearpath:gateway.egressLink: "vmbr*" is not the name of a network link. Write for example vmbr0.',
        ],
        [
            "an MSS above the MTU",
            { mss: 1450 },
            "clearpath:mss: 1450 makes packets of 1490 bytes, more than nodeMtu 1400. Write at most 1360, or auto.",
        ],
        [
            "an IPv6 MSS above the MTU",
            { mss: { ipv4: 1340, ipv6: 1360 } },
            "clearpath:mss.ipv6: 1360 makes packets of 1420 bytes, more than nodeMtu 1400. Write at most 1340, or auto.",
        ],
        [
            "an MSS above a path MTU that is given",
            { mss: 1350, pathMtu: { ipv4: 1380 } },
            "clearpath:mss: 1350 makes packets of 1390 bytes, more than pathMtu.ipv4 1380. Write at most 1340, or auto.",
        ],
        [
            "an MSS that no peer goes below",
            { mss: 100 },
            "clearpath:mss: 100 is too small: 536 is the least. Write for example auto, 1340 or { ipv4: 1340, ipv6: 1320 }.",
        ],
        [
            "an MSS in words",
            { mss: "automatic" },
            'clearpath:mss: "automatic" is not a value that this setting takes. Write for example auto, 1340 or { ipv4: 1340, ipv6: 1320 }.',
        ],
        [
            "an MSS for IPv5",
            { mss: { ipv5: 1340 } },
            "clearpath:mss.ipv5: There is no setting of this name. Did you mean ipv4?",
        ],
        [
            "a path too narrow for IPv4 and IPv6",
            { pathMtu: { ipv6: 60 } },
            "clearpath:pathMtu.ipv6: 60 is too small: 68 is the least. Write for example 1380.",
        ],
        [
            "a path to call that is none",
            { probe: { endpoints: [{ host: "ghcr.io", path: "v2" }] } },
            'clearpath:probe.endpoints[0].path: "v2" must start with "/". Expected here: Path of the first request.',
        ],
        [
            "an unknown key of the probes",
            { probe: { round: 5 } },
            "clearpath:probe.round: There is no setting of this name. Did you mean rounds?",
        ],
        [
            "prerequisites by a key that only our own plugin can read",
            { prerequisites: true, ssh: { privateKeyPath: "~/.ssh/id_ed25519" } },
            "clearpath:prerequisites: It needs more than ssh.privateKeyPath, since @pulumi/command reads no key files. Set sshPrivateKey or ssh.agentSocketPath as well, or leave prerequisites out.",
        ],
        [
            "text that is no JSON",
            { nodes: "[{" },
            'clearpath:nodes: "[{" is not a list. Write for example [{ name: cp1, role: server, connection: { host: 10.27.27.11 } }].',
        ],
    ])("%s gives one line that says what to write", (_, changes, line) => {
        expect(faults(changes)).toEqual([`${line} Nothing was changed.`]);
    });

    it("does not hide another", () => {
        expect(faults({ nodeMtu: "fast", mss: 1 }).map(line => line.split(": ")[0])).toEqual([
            "clearpath:nodeMtu",
            "clearpath:mss",
        ]);
    });

    it("is not shown when it is a secret", () => {
        const [line] = faults({ ssh: { password: 12345 } });
        expect(line).toContain("clearpath:ssh.password: The value is not text.");
        expect(line).not.toContain("12345");
    });
});

describe("a right configuration", () => {
    it("has the plan's values where nothing is said", () => {
        const config = accepted({});
        expect(config).toMatchObject({ nodeMtu: 1400, mss: "auto", pathMtu: "auto", podSubnets: [] });
        expect(config.gateway?.mode).toBe("auto");
        expect(config.nodes.map(node => node.link)).toEqual(["eth0", "eth0"]);
        expect(config.probe.endpoints.map(({ host }) => host)).toEqual([
            "ghcr.io",
            "registry-1.docker.io",
            "quay.io",
            "registry.k8s.io",
            "oci.external-secrets.io",
            "api.doppler.com",
        ]);
        expect(config.probe.images).toHaveLength(5);
    });

    it("may have no gateway", () => {
        expect(accepted({ gateway: null }).gateway).toBeUndefined();
    });

    it("gives every host the shared connection arguments, and a host's own come first", () => {
        const own = { host: "10.27.27.21", user: "debian", privateKeyPath: "~/.ssh/worker" };
        const config = accepted({
            ssh: { user: "root", port: 2222 },
            sshPassword: "0123",
            nodes: [cp1, { ...worker, connection: own }],
        });
        expect(config.nodes.map(node => node.connection)).toEqual([
            { host: "10.27.27.11", user: "root", port: 2222, password: "0123" },
            { ...own, port: 2222, password: "0123" },
        ]);
    });

    it("leaves connection arguments that nobody set to the provider's defaults", () => {
        expect(accepted({}).gateway?.connection).toEqual({ host: "192.168.77.2" });
    });

    it("ignores the keys of other packages", () => {
        expect("config" in readStackConfig({ ...configured({}), "kubernetes:context": "home" })).toBe(true);
    });

    it("takes one MSS for IPv4 when the IPv6 packet fits as well", () => {
        expect(accepted({ mss: 1360 }).mss).toBe(1360);
    });
});
