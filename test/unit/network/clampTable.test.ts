import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type ClampTable, clampTable, tableFamily } from "../../../network/clampTable.ts";
import { clampedMss, readClamp, unclampedSubnets } from "../../../network/readClamp.ts";

const plan: ClampTable = {
    mode: "routed",
    mss: { ipv4: 1340, ipv6: 1320 },
    subnets: ["10.27.27.0/24", "2001:db8:27::/64"],
    egressLink: "vmbr0",
};

const tables: [string, ClampTable][] = [
    ["a gateway that routes", plan],
    ["a gateway whose egress link is not named", { ...plan, egressLink: undefined }],
    ["a gateway with uplinks of its own", { ...plan, egressLink: undefined, uplinks: { ipv4: "vmbr0", ipv6: "wg0" } }],
    ["a gateway with pods that leave unmasqueraded", { ...plan, subnets: [...plan.subnets, "10.42.0.0/16"] }],
    ["a gateway of IPv4 only", { ...plan, mss: { ipv4: 1340, ipv6: null }, subnets: ["10.27.27.0/24"] }],
    ["a gateway of IPv6 only", { ...plan, mss: { ipv4: null, ipv6: 1220 }, subnets: ["2001:db8:27::/64"] }],
    ["a gateway whose path is not known", { ...plan, mss: { ipv4: null, ipv6: null } }],
    ["a bridge", { ...plan, mode: "bridged" }],
    ["a bridge with IPv4 nodes", { ...plan, mode: "bridged", subnets: ["192.168.1.0/24"] }],
    ["a node", { ...plan, mode: "nodes", egressLink: "eth0" }],
    ["a node whose link is not named", { ...plan, mode: "nodes", egressLink: undefined, subnets: [] }],
];

it("clamps SYN and SYN-ACK of both directions across the egress, and the gateway's own", () => {
    expect(clampTable({ ...plan, mss: { ipv4: 1340, ipv6: null }, subnets: ["10.27.27.0/24"] })).toBe(
        `set inside_ipv4 {
    type ipv4_addr
    flags interval
    elements = { 10.27.27.0/24 }
}

chain forward {
    type filter hook forward priority mangle; policy accept;
    icmp type destination-unreachable icmp code frag-needed counter accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
    oifname "vmbr0" ip saddr @inside_ipv4 ip daddr != @inside_ipv4 tcp flags syn / syn,rst counter tcp option maxseg size set 1340
    iifname "vmbr0" ip daddr @inside_ipv4 ip saddr != @inside_ipv4 tcp flags syn / syn,rst counter tcp option maxseg size set 1340
}

chain input {
    type filter hook input priority mangle; policy accept;
    icmp type destination-unreachable icmp code frag-needed counter accept
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept
    iifname "vmbr0" ip saddr != @inside_ipv4 tcp flags syn / syn,rst counter tcp option maxseg size set 1340
}

chain output {
    type filter hook output priority mangle; policy accept;
    oifname "vmbr0" ip daddr != @inside_ipv4 tcp flags syn / syn,rst counter tcp option maxseg size set 1340
}
`,
    );
});

it("clamps the host's own connections on the links of its default routes alone, so storage links keep theirs", () => {
    const text = clampTable({ ...plan, egressLink: undefined, uplinks: { ipv4: "vmbr0", ipv6: "wg0" } });
    const own = text.slice(text.indexOf("chain input"));
    expect(own.match(/[io]ifname \S+ \S+/g)).toEqual([
        'iifname "vmbr0" ip',
        'iifname "wg0" ip6',
        'oifname "vmbr0" ip',
        'oifname "wg0" ip6',
    ]);
    expect(text.slice(0, text.indexOf("chain input"))).not.toContain("ifname");
});

it("clamps the host's own connections on every link where no default route is known for the IP version", () => {
    const text = clampTable({ ...plan, egressLink: undefined, uplinks: { ipv4: "vmbr0" } });
    expect(text).toContain('oifname != "lo" ip6 daddr');
    expect(text).toContain('oifname "vmbr0" ip daddr');
});

it("sees tagged frames on a bridge: it asks for the protocol behind the tag", () => {
    const text = clampTable({ ...plan, mode: "bridged", subnets: ["192.168.1.0/24"] });
    expect(text).toContain("meta protocol ip6 tcp flags");
    expect(text).not.toContain("ether type");
});

it("refuses a link name that would mean other links, or end the string", () => {
    for (const egressLink of ["eth*", 'eth0" accept', "", "a-name-too-long-for-linux"])
        expect(() => clampTable({ ...plan, egressLink })).toThrow("is not the name of a network link");
});

describe("readClamp", () => {
    test.each(tables)("finds in the table of %s what was put in", (_, table) => {
        const clamp = readClamp(clampTable(table));
        expect(clampedMss(clamp, "ipv4")).toBe(table.mss.ipv4);
        expect(clampedMss(clamp, "ipv6")).toBe(table.mss.ipv6);
        const clamped = table.mss.ipv4 !== null || table.mss.ipv6 !== null;
        expect(unclampedSubnets(clamp, table.subnets)).toEqual(clamped ? [] : table.subnets);
        expect(new Set(clamp.icmpAccepted.map(({ hook, family }) => `${hook} ${family}`))).toEqual(
            new Set(["forward ipv4", "forward ipv6", "input ipv4", "input ipv6"]),
        );
    });

    it("gets back any MSS and any subnets", () => {
        const octet = fc.integer({ min: 0, max: 255 });
        const cidr = fc.oneof(
            fc.tuple(octet, octet, octet).map(([a, b, c]) => `${a}.${b}.${c}.0/24`),
            fc.tuple(octet, octet).map(([a, b]) => `2001:db8:${a.toString(16)}:${b.toString(16)}::/64`),
        );
        const table = fc.record<ClampTable>({
            mode: fc.constantFrom("routed", "bridged", "nodes"),
            mss: fc.record({ ipv4: fc.integer({ min: 536, max: 9176 }), ipv6: fc.integer({ min: 1220, max: 9156 }) }),
            subnets: fc.array(cidr, { minLength: 1, maxLength: 6 }),
            egressLink: fc.option(fc.constantFrom("vmbr0", "eth0.7", "en-o1"), { nil: undefined }),
        });
        fc.assert(
            fc.property(table, wanted => {
                const clamp = readClamp(clampTable(wanted));
                const found = new Set(clamp.rules.map(rule => `${rule.hook} ${rule.family} ${rule.mss}`));
                for (const rule of found) expect(rule).toMatch(/ipv4 \d+$|ipv6 \d+$/);
                for (const family of ["ipv4", "ipv6"] as const) {
                    expect(clampedMss(clamp, family)).toBe(wanted.mss[family]);
                    expect(found).toContain(`input ${family} ${wanted.mss[family]}`);
                    expect(found).toContain(`output ${family} ${wanted.mss[family]}`);
                }
                expect(unclampedSubnets(clamp, wanted.subnets)).toEqual([]);
            }),
        );
    });

    it("names the subnets that no rule covers", () => {
        const clamp = readClamp(clampTable(plan));
        expect(unclampedSubnets(clamp, ["10.27.27.64/26", "10.28.0.0/16", "2001:db8:28::/64"])).toEqual([
            "10.28.0.0/16",
            "2001:db8:28::/64",
        ]);
    });

    test.each([
        ["only leaving packets", "ip saddr 10.27.27.0/24 tcp flags syn / syn,rst tcp option maxseg size set 1340"],
        ["only the SYN", "tcp flags syn / syn,ack,rst tcp option maxseg size set 1340"],
        ["only the SYN, as nft writes it", "tcp flags & (syn | rst | ack) == syn tcp option maxseg size set 1340"],
        ["only the bare SYN", "tcp flags == syn tcp option maxseg size set 1340"],
        ["the other IP version", "meta nfproto ipv6 tcp flags syn / syn,rst tcp option maxseg size set 1340"],
        ["the route's MTU", "tcp flags syn tcp option maxseg size set rt mtu"],
    ])("does not count a rule for %s as a clamp of the nodes", (_, rule) => {
        const clamp = readClamp(`chain f { type filter hook forward priority mangle; policy accept; ${rule}; }`);
        expect(unclampedSubnets(clamp, ["10.27.27.0/24"])).toEqual(["10.27.27.0/24"]);
    });

    test.each([
        ["any packet", "tcp flags syn / syn,rst tcp option maxseg size set 1340"],
        [
            "nft's other spelling",
            "tcp flags & (syn|rst) == syn counter packets 7 bytes 420 tcp option maxseg size set 1340",
        ],
        ["a comment", "tcp flags syn tcp option maxseg size set 1340 # not 1400"],
    ])("takes a rule for %s as a clamp of everyone", (_, rule) => {
        const clamp = readClamp(`chain f {\ntype filter hook forward priority mangle; policy accept;\n${rule}\n}`);
        expect(unclampedSubnets(clamp, ["10.27.27.0/24"])).toEqual([]);
        expect(clampedMss(clamp, "ipv4")).toBe(1340);
    });

    it("takes the weakest rule for what certainly holds", () => {
        const rules = [1340, 1400].map(mss => `tcp flags syn tcp option maxseg size set ${mss}`).join("; ");
        const clamp = readClamp(`chain f { type filter hook forward priority 0; ${rules} }`);
        expect(clampedMss(clamp, "ipv4")).toBe(1400);
    });

    it("survives any text", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary", maxLength: 200 }), text => Array.isArray(readClamp(text).rules)),
        );
    });
});

/** nft needs a network namespace of its own, which an unprivileged user gets only within a user namespace. */
function nft(args: string[], input: string) {
    return spawnSync("unshare", ["-rn", ...args], { input, encoding: "utf8" });
}

const hasNft = nft(["nft", "-c", "-f", "-"], "").status === 0;

describe.runIf(hasNft)("nft", () => {
    test.each(tables)("accepts the table of %s, and its listing reads the same", (_, table) => {
        const family = tableFamily(table.mode);
        const text = `table ${family} clearpath {\n${clampTable(table)}}\n`;
        const listed = nft(["sh", "-c", `nft -f - && nft list table ${family} clearpath`], text);
        expect(listed.stderr).toBe("");
        const body = listed.stdout.slice(listed.stdout.indexOf("{") + 1, listed.stdout.lastIndexOf("}"));
        const order = (clamp: ReturnType<typeof readClamp>) => clamp.rules.map(rule => JSON.stringify(rule)).sort();
        expect(order(readClamp(body))).toEqual(order(readClamp(clampTable(table))));
    });
});
