import { describe, expect, it, test } from "vitest";
import { clampTable } from "../../../network/clampTable.ts";
import { clampCoversNodes } from "../../../policy/clamp.ts";
import { hostKeyPinned } from "../../../policy/hostKey.ts";
import { icmpFragNeededPasses } from "../../../policy/icmp.ts";
import { mssFitsPath } from "../../../policy/mss.ts";
import { nodeMtuSafe } from "../../../policy/nodeMtu.ts";
import { gatewayFacts, measured } from "../components/facts.ts";
import { egress, gatewayPath, judgeResource, judgeStack, linkMtu, nftTable, pathMtu, UNKNOWN } from "./stackOf.ts";

function clamped(ipv4: number | null, subnets = ["10.27.27.0/24"]): string {
    return clampTable({ mode: "routed", mss: { ipv4, ipv6: null }, subnets, egressLink: "vmbr0" });
}

describe("node-mtu-safe", () => {
    test.each([
        ["the plan's 1400 on a measured path of 1380, which the clamp covers", 1400, 1380],
        ["1400 on a path that nobody measured", 1400, null],
        ["1500 on a path that was measured to carry it", 1500, 1500],
        ["1280", 1280, 1380],
    ])("allows %s", async (_, mtu, path) => {
        const { violations } = await judgeStack(nodeMtuSafe, [
            linkMtu(mtu),
            pathMtu("pve", { result: measured(path) }),
        ]);
        expect(violations).toEqual([]);
    });

    it("refuses more than 1400 over evidence of less", async () => {
        const { violations } = await judgeStack(nodeMtuSafe, [linkMtu(1500), pathMtu("pve")]);
        expect(violations).toEqual([
            {
                urn: "mtu-cp1",
                message:
                    "mtu-cp1: eth0 would get MTU 1500. The path was measured to carry 1380 bytes, and larger packets are lost silently where ICMP does not come back: UDP, QUIC and every connection that nothing clamps. Set nodeMtu to 1400 or less.",
            },
        ]);
    });

    it("refuses more than 1400 while the evidence is still to be measured", async () => {
        const unmeasured = pathMtu("pve", { result: UNKNOWN, facts: UNKNOWN });
        const { violations } = await judgeStack(nodeMtuSafe, [linkMtu(1500), unmeasured]);
        expect(violations[0]?.message).toContain("No measured path MTU is recorded in this stack");
    });

    it("refuses more than the IPv6 path carries although IPv4's carries it", async () => {
        const { violations } = await judgeStack(nodeMtuSafe, [
            linkMtu(1500),
            pathMtu("pve", { result: measured(1500, 1480) }),
        ]);
        expect(violations[0]?.message).toContain("measured to carry 1480 bytes");
    });

    it("refuses less than 1280 before anything is changed", async () => {
        const { violations } = await judgeResource(nodeMtuSafe, "clearpath:host:LinkMtu", { link: "eth0", mtu: 1200 });
        expect(violations[0]?.message).toBe(
            "eth0 would get MTU 1200. Below 1280 Linux removes IPv6 from a link, and overlay networks have no room left. Set nodeMtu to 1280 at least.",
        );
    });

    it("refuses more than the bridge on the gateway has", async () => {
        const { violations } = await judgeStack(nodeMtuSafe, [
            linkMtu(1400),
            gatewayPath(),
            pathMtu("pve", { facts: gatewayFacts(1300) }),
            pathMtu("cp1"),
        ]);
        expect(violations.map(({ message }) => message)).toEqual([
            "mtu-cp1: eth0 would get MTU 1400, and bridge vmbr1 has 1300. The bridge drops what is larger, without any answer. Set nodeMtu to 1300 or less, or raise the bridge first.",
        ]);
    });

    it("refuses more than the bridge of the link itself has, and says what it could not judge of another", async () => {
        const unknown = { ...linkMtu(1400, { bridge: UNKNOWN }), name: "mtu-worker1" };
        const bridged = linkMtu(1400, { bridge: { name: "br0", mtu: 1390 } });
        const { violations, unjudged } = await judgeStack(nodeMtuSafe, [unknown, bridged]);
        expect(violations.map(({ urn }) => urn)).toEqual(["mtu-cp1"]);
        expect(unjudged).toContain("bridge can't be known during preview");
    });

    it("takes the planned MTU from its configuration", async () => {
        const specs = [linkMtu(1450), pathMtu("pve", { result: measured(null) })];
        expect((await judgeStack(nodeMtuSafe, specs, { config: { planned: 1450 } })).violations).toEqual([]);
    });
});

describe("mss-fits-path", () => {
    const aloneTable = (content: string) => ({ ...nftTable(content), parent: undefined });

    it("judges the MSS that a GatewayPath says, and not the text of its table", async () => {
        const path = gatewayPath({ mss: { ipv4: 1350, ipv6: null } });
        const { violations } = await judgeStack(mssFitsPath, [path, nftTable(UNKNOWN), pathMtu("pve")]);
        expect(violations.map(({ urn, message }) => [urn, message.split(".")[0]])).toEqual([
            ["path", "path clamps IPv4 to an MSS of 1350, which makes packets of 1390 bytes"],
        ]);
        const fitting = [gatewayPath(), nftTable(clamped(1350)), pathMtu("pve")];
        expect(await judgeStack(mssFitsPath, fitting)).toEqual({ violations: [] });
    });

    it("says that it cannot judge a GatewayPath whose MSS is still to be measured", async () => {
        const specs = [gatewayPath({ mss: UNKNOWN }), nftTable(UNKNOWN), pathMtu("pve")];
        expect(await judgeStack(mssFitsPath, specs)).toMatchObject({ violations: [], unjudged: expect.any(String) });
    });

    it("allows the MSS that the path leaves", async () => {
        expect(await judgeStack(mssFitsPath, [aloneTable(clamped(1340)), pathMtu("pve")])).toEqual({ violations: [] });
    });

    it("refuses a larger one and names the one that passes", async () => {
        const { violations } = await judgeStack(mssFitsPath, [aloneTable(clamped(1350)), pathMtu("pve")]);
        expect(violations).toEqual([
            {
                urn: "path-pve",
                message:
                    "path-pve clamps IPv4 to an MSS of 1350, which makes packets of 1390 bytes. The path was measured to carry 1380, so full segments are lost and TLS handshakes hang. Set mss to 1340 or less for IPv4, or to auto.",
            },
        ]);
    });

    it("judges IPv6 by its own path and its larger header", async () => {
        const content = clampTable({ mode: "routed", mss: { ipv4: 1340, ipv6: 1330 }, subnets: ["2001:db8::/64"] });
        const { violations } = await judgeStack(mssFitsPath, [
            aloneTable(content),
            pathMtu("pve", { result: measured(1380, 1380) }),
        ]);
        expect(violations.map(({ message }) => message.split(".").at(-2))).toEqual([
            " Set mss to 1320 or less for IPv6, or to auto",
        ]);
    });

    it("goes by the narrowest measurement", async () => {
        const specs = [aloneTable(clamped(1340)), pathMtu("pve"), pathMtu("cp1", { result: measured(1370) })];
        expect((await judgeStack(mssFitsPath, specs)).violations).toHaveLength(1);
    });

    it("keeps the margin of its configuration free", async () => {
        const specs = [aloneTable(clamped(1340)), pathMtu("pve")];
        const { violations } = await judgeStack(mssFitsPath, specs, { config: { margin: 20 } });
        expect(violations[0]?.message).toContain("Set mss to 1320 or less");
    });

    test.each([
        [
            "whose content is not known yet",
            aloneTable(UNKNOWN),
            pathMtu("pve"),
            "content can't be known during preview",
        ],
        [
            "while the path is still to be measured",
            aloneTable(clamped(1340)),
            pathMtu("pve", { result: UNKNOWN }),
            "result can't be known during preview",
        ],
    ])("says that it cannot judge a table %s", async (_, table, path, unjudged) => {
        const result = await judgeStack(mssFitsPath, [table, path]);
        expect(result.violations).toEqual([]);
        expect(result.unjudged).toContain(unjudged);
    });

    it("judges a known table beside one that is not known", async () => {
        const specs = [aloneTable(UNKNOWN), { ...aloneTable(clamped(1350)), name: "path-cp1" }, pathMtu("pve")];
        expect((await judgeStack(mssFitsPath, specs)).violations.map(({ urn }) => urn)).toEqual(["path-cp1"]);
    });
});

describe("clamp-covers-nodes", () => {
    it("allows the clamp of the component", async () => {
        expect(await judgeStack(clampCoversNodes, [gatewayPath(), nftTable(clamped(1340))])).toEqual({
            violations: [],
        });
    });

    it("refuses a table that leaves out a subnet which its GatewayPath says it clamps", async () => {
        const path = gatewayPath({ subnets: ["10.27.27.0/24", "10.28.0.0/16"] });
        const { violations } = await judgeStack(clampCoversNodes, [path, nftTable(clamped(1340))]);
        expect(violations).toEqual([
            {
                urn: "path-pve",
                message:
                    "path-pve differs from what path says: it does not clamp 10.28.0.0/16 in both directions. Full segments of the nodes there are lost on a path that is narrower than their link, and image pulls hang. Remove what changes the table's content, such as ignoreChanges or a transform.",
            },
        ]);
    });

    it("says that a path was not measured where that is why nothing is clamped", async () => {
        const path = gatewayPath({ mss: { ipv4: null, ipv6: null } });
        const { violations } = await judgeStack(clampCoversNodes, [path, nftTable(clamped(null))]);
        expect(violations.map(({ urn }) => urn)).toEqual(["path"]);
        expect(violations[0]?.message).toContain(
            "The path MTU could not be measured for IPv4: set pathMtu.ipv4, or mss, by hand.",
        );
    });

    it("refuses a clamp that forgets the host's own connections", async () => {
        const content =
            "chain f { type filter hook forward priority mangle; tcp flags syn / syn,rst tcp option maxseg size set 1340; }";
        const { violations } = await judgeStack(clampCoversNodes, [gatewayPath(), nftTable(content)]);
        expect(violations[0]?.message).toContain("those of the host itself not at input and output");
    });

    it("judges only tables of a GatewayPath", async () => {
        const foreign = { ...nftTable("chain f { type filter hook forward priority 0; }"), parent: undefined };
        expect((await judgeStack(clampCoversNodes, [gatewayPath(), foreign])).violations).toEqual([]);
    });

    it("leaves out exempt subnets", async () => {
        const path = gatewayPath({ subnets: ["10.27.27.0/24", "10.28.0.0/16"] });
        const config = { exemptSubnets: ["10.28.0.0/16"] };
        expect((await judgeStack(clampCoversNodes, [path, nftTable(clamped(1340))], { config })).violations).toEqual(
            [],
        );
    });
});

describe("icmp-frag-needed-passes", () => {
    const dropRule = { table: "inet pve-filter", chain: "fwd", hook: "forward", rule: "icmp type 3 drop" };
    const gatewayProbe = egress("pve", "gateway", report => {
        report.facts = { ...report.facts, icmpDropRules: [dropRule] };
    });

    it("allows the table of the component", async () => {
        expect(await judgeStack(icmpFragNeededPasses, [gatewayPath(), nftTable(clamped(1340))])).toEqual({
            violations: [],
        });
    });

    it("refuses a table that accepts them at one hook only", async () => {
        const content = clamped(1340).replaceAll(/(hook input[^\n]*\n)[^\n]*frag-needed[^\n]*\n/g, "$1");
        const { violations } = await judgeStack(icmpFragNeededPasses, [gatewayPath(), nftTable(content)]);
        expect(violations.map(({ message }) => message)).toEqual([
            "path-pve does not accept ICMP type 3 code 4 (frag-needed) at input. A sender then never learns that its packets are too large: UDP and QUIC stop, and TCP where nothing is clamped. Accept them at input and forward, as GatewayPath does.",
        ]);
    });

    it("lets a foreign rule that drops them be once the clamp is proven", async () => {
        const specs = [gatewayPath(), nftTable(clamped(1340)), gatewayProbe, egress("cp1", "server")];
        expect((await judgeStack(icmpFragNeededPasses, specs, { preview: false })).violations).toEqual([]);
    });

    it("names a foreign rule that drops them while a vantage point fails", async () => {
        const failing = egress("cp1", "server", (_, props) => {
            props.passed = false;
        });
        const specs = [gatewayPath(), nftTable(clamped(1340)), gatewayProbe, failing];
        const { violations } = await judgeStack(icmpFragNeededPasses, specs, { preview: false });
        expect(violations.map(({ message }) => message)).toEqual([
            'pve drops the messages of path MTU discovery in table inet pve-filter, chain fwd: "icmp type 3 drop". An accept in another table does not overrule it, and not every vantage point passed without them. Remove that rule.',
        ]);
        expect((await judgeStack(icmpFragNeededPasses, specs, { preview: true })).violations).toEqual([]);
    });
});

describe("host-key-pinned", () => {
    test.each<[string, string, Record<string, unknown>]>([
        ["a key", "clearpath:host:File", { host: "h", hostKey: "ssh-ed25519 AAAA" }],
        ["known_hosts", "clearpath:host:File", { host: "h" }],
        ["a key for the command package", "command:remote:Command", { host: "h", hostKey: "ssh-ed25519 AAAA" }],
    ])("allows %s", async (_, type, connection) => {
        expect((await judgeResource(hostKeyPinned, type, { connection })).violations).toEqual([]);
    });

    test.each<[string, string, Record<string, unknown>, string]>([
        [
            "to ignore the key",
            "clearpath:host:File",
            { host: "h", insecureIgnoreHostKey: true },
            "connection to h: insecureIgnoreHostKey accepts any host key. Whoever answers at that address gets the password and runs as the host. Set connection.hostKey to a line of the host's /etc/ssh/ssh_host_ed25519_key.pub, or add the host to known_hosts.",
        ],
        [
            "to ignore the key of the host on the way",
            "clearpath:host:File",
            { host: "h", proxy: { host: "jump", insecureIgnoreHostKey: true } },
            "connection.proxy to jump: insecureIgnoreHostKey accepts any host key.",
        ],
        [
            "a command without a key, which would take any",
            "command:remote:Command",
            { host: "h" },
            "connection to h: no hostKey is given, so any is accepted.",
        ],
    ])("refuses %s", async (_, type, connection, message) => {
        const { violations } = await judgeResource(hostKeyPinned, type, { connection });
        expect(violations[0]?.message).toContain(message);
        expect(violations).toHaveLength(1);
    });

    it("leaves out exempt hosts and resources without a connection", async () => {
        const connection = { host: "h", insecureIgnoreHostKey: true };
        const config = { exemptHosts: ["h"] };
        expect((await judgeResource(hostKeyPinned, "clearpath:host:File", { connection }, config)).violations).toEqual(
            [],
        );
        expect((await judgeResource(hostKeyPinned, "kubernetes:core/v1:Secret", {})).violations).toEqual([]);
    });
});
