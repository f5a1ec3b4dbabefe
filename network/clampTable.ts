import { type Cidr, subnetsByFamily } from "./cidr.ts";
import { type BytesPerFamily, IP_FAMILIES, type IpFamily, type PerFamily } from "./family.ts";

/**
 * Where the cluster's packets are clamped: on a host that routes the nodes' subnet, on a host that only bridges it to
 * another router of the local network, or on every node for itself.
 */
export type ClampMode = "routed" | "bridged" | "nodes";

export type ClampHook = "forward" | "input" | "output";

export interface ClampTable {
    mode: ClampMode;
    mss: BytesPerFamily;
    /** Subnets behind the egress: the nodes', and the pods' where these leave unmasqueraded. */
    subnets: readonly Cidr[];
    /**
     * Link that leads to the internet. Without it everything between these subnets and the rest counts as crossing
     * the egress. A bridge sees its ports and not the link above them, so `bridged` goes by subnets alone.
     */
    egressLink?: string;
    /**
     * Links of the host's own default routes. The host's own connections are clamped there alone, so that those to
     * storage on another link keep their large segments. Where none is known, every link but `lo` counts.
     */
    uplinks?: Partial<PerFamily<string>>;
}

/** Family of the nftables table that this mode needs. */
export function tableFamily(mode: ClampMode): "inet" | "bridge" {
    return mode === "bridged" ? "bridge" : "inet";
}

/**
 * Body of the nftables table that clamps TCP's MSS and lets path MTU discovery work: sets and chains, without the
 * `table` line around it.
 *
 * The maxseg statement lowers the option and never raises it (kernel `net/netfilter/nft_exthdr.c`), and changes nothing
 * where the option is absent. `syn / syn,rst` holds for a SYN and for its answer, since each end's option limits what
 * the other sends: clamping the one leaves the other direction broken. Forward does not see the host's own
 * connections, so input and output are clamped as well. Every rule counts, to prove that packets come by.
 */
export function clampTable(table: ClampTable): string {
    const subnets = subnetsByFamily(table.subnets);
    const sets = IP_FAMILIES.filter(family => subnets[family].length > 0).map(family => [
        `set ${setName(family)} {`,
        `    type ${family}_addr`,
        "    flags interval",
        `    elements = { ${subnets[family].join(", ")} }`,
        "}",
    ]);
    const chains = (["forward", "input", "output"] as const).map(hook => chain(hook, table, subnets));
    return [...sets, ...chains]
        .filter(lines => lines.length > 0)
        .map(lines => `${lines.join("\n")}\n`)
        .join("\n");
}

/** Type 3 code 4 tells a sender that its packet was too large for the path, and what would fit (RFC 1191, section 4). */
const FRAG_NEEDED = "icmp type destination-unreachable icmp code frag-needed counter accept";

/** All ICMPv6 errors must pass: type 2 is path MTU discovery, and 1, 3 and 4 tell why a flow ended (RFC 4890, 4.3.1). */
const ICMPV6_ERRORS =
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } counter accept";

function chain(hook: ClampHook, table: ClampTable, subnets: PerFamily<Cidr[]>): string[] {
    const rules = [
        ...(hook === "output" ? [] : [FRAG_NEEDED, ICMPV6_ERRORS]),
        ...IP_FAMILIES.flatMap(family => clampRules(hook, family, table, subnets[family].length > 0)),
    ];
    if (rules.length === 0) return [];
    // Bridge tables know no priority of the name mangle; theirs for filter is -200.
    const priority = table.mode === "bridged" ? "filter - 10" : "mangle";
    const head = `type filter hook ${hook} priority ${priority}; policy accept;`;
    return [`chain ${hook} {`, ...[head, ...rules].map(line => `    ${line}`), "}"];
}

function clampRules(hook: ClampHook, family: IpFamily, table: ClampTable, hasSubnets: boolean): string[] {
    const mss = table.mss[family];
    if (mss === null) return [];
    const leaving = { own: "saddr", other: "daddr", link: "oifname" };
    const entering = { own: "daddr", other: "saddr", link: "iifname" };
    const crossings = hook === "forward" ? [leaving, entering] : hook === "output" ? [leaving] : [entering];
    // A gateway clamps what it forwards for the subnets. A node clamps everything that it forwards: its pods' packets.
    const forOthers = hook === "forward" && table.mode !== "nodes";
    if (forOthers && !hasSubnets) return [];

    const uplink = hook === "forward" ? undefined : table.uplinks?.[family];
    const egress = table.mode === "bridged" ? undefined : (table.egressLink ?? uplink);
    const ip = family === "ipv4" ? "ip" : "ip6";
    return crossings.map(({ own, other, link }) => {
        const conditions = [
            ...(egress !== undefined ? [`${link} ${quoted(egress)}`] : []),
            ...(egress === undefined && hook !== "forward" && table.mode !== "bridged" ? [`${link} != "lo"`] : []),
            ...(forOthers ? [`${ip} ${own} @${setName(family)}`] : []),
            ...(hasSubnets ? [`${ip} ${other} != @${setName(family)}`] : [familyMatch(family, table.mode)]),
        ];
        return `${conditions.join(" ")} tcp flags syn / syn,rst counter tcp option maxseg size set ${mss}`;
    });
}

function familyMatch(family: IpFamily, mode: ClampMode): string {
    // `ether type` would be that of a VLAN tag.
    if (mode === "bridged") return `meta protocol ${family === "ipv4" ? "ip" : "ip6"}`;
    return `meta nfproto ${family}`;
}

function setName(family: IpFamily): string {
    return `inside_${family}`;
}

/** A link name as nftables reads it. It has no escapes, and an asterisk at the end would match other links. */
function quoted(link: string): string {
    if (!/^[^\s"*/]{1,15}$/.test(link))
        throw new RangeError(`${JSON.stringify(link)} is not the name of a network link`);
    return `"${link}"`;
}
