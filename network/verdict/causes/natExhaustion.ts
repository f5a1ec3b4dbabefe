import { losesPackets } from "../loss.ts";
import {
    evidenceOf,
    type Finding,
    type Observation,
    type Report,
    type Trouble,
    vantagePointsOf,
} from "../observation.ts";
import { isVm, scopeOf } from "../scope.ts";
import { pullsWith } from "./pulls.ts";

/** Connections that conntrack refused in one run, above which it is no race of two packets of one connection. */
const MANY_REFUSED = 20;
/** Share of conntrack's table from which on new connections find no room. */
const FULL = 0.95;

/** What a connection or a query that gets no source port looks like to who sent it. */
const UNANSWERED: readonly Trouble[] = ["connect-timeout", "late", "dns", "slow-dns", "local"];

/**
 * A gateway that has no source port left, or no room in conntrack's table: its own counters say so, and VMs see some of
 * their connections and queries unanswered.
 */
export function natExhaustion(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const gateways = reports.filter(report => !isVm(report) && refuses(report) && !losesPackets(report));
    const unanswered = trouble.filter(
        ({ vantagePoint, trouble: kind }) =>
            UNANSWERED.includes(kind) &&
            reports.some(report => report.vantagePoint === vantagePoint && isVm(report) && !losesPackets(report)),
    );
    if (gateways.length === 0 || unanswered.length === 0) return [];
    return [
        {
            cause: "nat-exhaustion",
            direction: null,
            scope: scopeOf(vantagePointsOf(unanswered), reports),
            icmpFilteredAt: "nowhere",
            isMeasured: false,
            explains: [...unanswered, ...pullsWith(observation, unanswered)],
            confidence: 0.95,
            summary: "The gateway has no source port or no room left for new connections of the VMs.",
            evidence: [
                ...gateways.map(({ vantagePoint, facts }) => ({
                    vantagePoint,
                    statement: `conntrack refused ${facts.conntrack?.refused ?? 0} connections; ${facts.conntrack?.count} of ${facts.conntrack?.max} entries are in use`,
                    samples: [],
                })),
                ...evidenceOf(observation, unanswered),
            ],
            actions: [
                {
                    component: null,
                    argument: null,
                    value: null,
                    sentence:
                        "Give the gateway's NAT more source ports or addresses (its masquerade or snat rule), and its conntrack table more entries.",
                },
            ],
        },
    ];
}

function refuses({ facts: { conntrack } }: Report): boolean {
    if (conntrack === null) return false;
    return (conntrack.refused ?? 0) >= MANY_REFUSED || conntrack.count >= conntrack.max * FULL;
}
