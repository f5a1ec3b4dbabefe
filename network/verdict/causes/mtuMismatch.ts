import { IP_FAMILIES } from "../../family.ts";
import type { HostNetworkFacts } from "../../probe/report.ts";
import type { Finding, Observation, Report } from "../observation.ts";
import { isVm, scopeOf } from "../scope.ts";
import { isStall } from "../stalls.ts";
import type { Evidence } from "../verdict.ts";

/** Linux forwards frames that are longer by this: is_skb_forwardable in net/core/dev.c leaves room for a VLAN's tag. */
const VLAN_TAG = 4;

/** Bytes that a node and what its link is plugged into disagree on. */
interface Mismatch {
    report: Report;
    link: string;
    mtu: number;
    /** What carries less, in words that its MTU follows. */
    bridge: string;
    bridgeMtu: number;
    /** What to do where Clearpath cannot. */
    advice?: string;
}

/**
 * A node whose link is larger than the gateway's bridge it hangs on: frames between the two sizes vanish without ICMP,
 * since a bridge has none. TCP to the internet agrees on less and hides it, so it is concluded from both hosts' facts, and
 * where the gateway's are not known, from large packets that do not reach the node's neighbours. So is a pod whose link is
 * larger than its node's: what servers send it vanishes at the node, until a kernel has learnt the size and for ten minutes.
 */
export function mtuMismatch({ reports, trouble }: Observation): Finding[] {
    const gateways = reports.filter(report => !isVm(report));
    const mismatches = reports.filter(isVm).flatMap(report => {
        if (report.role === "pod") return [...podMismatch(report, reports), ...measuredMismatch(report)].slice(0, 1);
        const isKnown = gateways.some(gateway => bridgeOf(report, gateway) !== undefined);
        return isKnown ? gateways.flatMap(gateway => mismatchOf(report, gateway)) : measuredMismatch(report);
    });
    if (mismatches.length === 0) return [];
    const affected = [...new Set(mismatches.map(({ report }) => report.vantagePoint))];
    return [
        {
            cause: "mtu-mismatch",
            direction: null,
            scope: scopeOf(affected, reports),
            icmpFilteredAt: "nowhere",
            isMeasured: true,
            explains: trouble.filter(
                ({ vantagePoint, trouble: kind }) =>
                    holeIsLocal(mismatches, vantagePoint, gateways) && (kind === "pull" || isStall(kind)),
            ),
            confidence: 0.95,
            summary: mismatches
                .map(
                    ({ report, link, mtu, bridge, bridgeMtu }) =>
                        `${report.vantagePoint}'s ${link} has MTU ${mtu} on ${bridge} ${bridgeMtu}`,
                )
                .join("; ")
                .concat("."),
            evidence: [
                ...mismatches.map(({ report, link, mtu, bridge, bridgeMtu }) => ({
                    vantagePoint: report.vantagePoint,
                    statement: `${link}: MTU ${mtu}, on ${bridge} ${bridgeMtu}`,
                    samples: [],
                })),
                ...mismatches.flatMap(({ report }) => vanishing(report)),
            ],
            actions: mismatches.map(({ report, bridgeMtu, advice }) =>
                advice === undefined
                    ? {
                          component: "NodeMtu",
                          argument: "mtu",
                          value: bridgeMtu,
                          sentence: `Set ${report.vantagePoint}'s MTU to at most ${bridgeMtu}, what its bridge carries.`,
                      }
                    : { component: null, argument: null, value: null, sentence: advice },
            ),
        },
    ];
}

/** Packets to neighbours that vanish though the node's own link takes them. */
function vanishing({ vantagePoint, facts }: Report): Evidence[] {
    return lostTo(facts).map(({ address, tried, passed }) => ({
        vantagePoint,
        statement: `packets of ${passed} bytes reach ${address}, and those of ${tried} do not`,
        samples: [],
    }));
}

function lostTo({ neighbours = [] }: HostNetworkFacts) {
    return neighbours.flatMap(({ address, tried, passed }) =>
        passed !== null && passed < tried ? [{ address, tried, passed }] : [],
    );
}

/** A node whose large packets reach none of its neighbours: the network between them carries less than its link. */
function measuredMismatch(report: Report): Mismatch[] {
    const own = egressLink(report.facts);
    const lost = lostTo(report.facts);
    const answering = (report.facts.neighbours ?? []).filter(({ passed }) => passed !== null);
    if (!own || lost.length === 0 || lost.length < answering.length) return [];
    // What passes may be a little more than what the network between them is set to.
    const bridgeMtu = Math.max(...lost.map(({ passed }) => passed)) - VLAN_TAG;
    return [{ report, link: own.name, mtu: own.mtu, bridge: "a network with", bridgeMtu }];
}

/** A pod whose link is larger than that of its node, unless a clamp keeps its connections below. */
function podMismatch(pod: Report, reports: readonly Report[]): Mismatch[] {
    const node = reports.find(other => other.role !== "pod" && bridgeOf(pod, other) !== undefined);
    const [own, egress] = [egressLink(pod.facts), node && egressLink(node.facts)];
    if (!node || !own || !egress || own.mtu <= egress.mtu) return [];
    const measured = IP_FAMILIES.flatMap(family => [pod.pathMtu[family]?.download, pod.pathMtu[family]?.upload])
        .filter(mtu => mtu != null)
        .map(({ limitedBy, bytes }) => limitedBy === "peer" && bytes <= egress.mtu);
    if (measured.length > 0 && measured.every(isClamped => isClamped)) return [];
    const bridge = `${node.vantagePoint}, whose ${egress.name} is set to`;
    const advice = `Restart K3s on ${node.vantagePoint}, then recreate its pods: Flannel reads the MTU of ${egress.name} when K3s starts, and a pod gets it when it is created.`;
    return [{ report: pod, link: own.name, mtu: own.mtu, bridge, bridgeMtu: egress.mtu, advice }];
}

/** The link of the gateway that a node's default route leads to. */
function bridgeOf(report: Report, gateway: Report) {
    const mac = (report.facts.defaultRoute.ipv4 ?? report.facts.defaultRoute.ipv6)?.gatewayMac;
    // A bridge has the address of one of its ports.
    const links = gateway.facts.links.filter(link => link.mac !== null && link.mac === mac);
    return links.find(({ master }) => master === null) ?? links[0];
}

function mismatchOf(report: Report, gateway: Report): Mismatch[] {
    const own = egressLink(report.facts);
    const bridge = bridgeOf(report, gateway);
    if (!own || !bridge || own.mtu <= bridge.mtu) return [];
    return [
        { report, link: own.name, mtu: own.mtu, bridge: `the gateway's ${bridge.name} with`, bridgeMtu: bridge.mtu },
    ];
}

function egressLink(facts: HostNetworkFacts) {
    const route = facts.defaultRoute.ipv4 ?? facts.defaultRoute.ipv6;
    return facts.links.find(({ name }) => name === route?.link);
}

/** Whether what vanishes for a node vanishes at its bridge: the hole has the bridge's size and the gateway sees none. */
function holeIsLocal(mismatches: Mismatch[], vantagePoint: string, gateways: Report[]): boolean {
    const mismatch = mismatches.find(({ report }) => report.vantagePoint === vantagePoint);
    if (!mismatch) return false;
    const sizes = (["ipv4", "ipv6"] as const).flatMap(family => {
        const measured = mismatch.report.pathMtu[family];
        return [measured?.download, measured?.upload].flatMap(mtu => (mtu?.silent ? [mtu.bytes] : []));
    });
    const gatewaySees = gateways.some(({ pathMtu }) =>
        [pathMtu.ipv4, pathMtu.ipv6].some(measured => measured?.upload?.silent || measured?.download?.silent),
    );
    return (
        !gatewaySees &&
        sizes.length > 0 &&
        sizes.every(bytes => bytes >= mismatch.bridgeMtu && bytes <= mismatch.bridgeMtu + VLAN_TAG)
    );
}
