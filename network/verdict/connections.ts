import { wilsonInterval } from "../statistics.ts";
import { pullsWith } from "./answers.ts";
import {
    countOf,
    evidenceOf,
    type Finding,
    type Observation,
    type Report,
    type Trouble,
    type TroubleGroup,
    vantagePointsOf,
} from "./observation.ts";
import { isOneEndpoint, isVm, scopeOfTrouble } from "./scope.ts";
import type { Cause } from "./verdict.ts";

const UNCONNECTED: readonly Trouble[] = ["connect-timeout", "refused", "unreachable", "reset", "local"];
/** From this share of attempts on, something is shut; below, something gets lost. */
const SHUT = 0.9;

interface Reading {
    cause: Cause;
    confidence: number;
    summary: string;
    action: string;
}

/** TCP connections that do not come about: the endpoint is down, a firewall shuts them out, or NAT has no port left. */
export function connections(observation: Observation): Finding[] {
    const { reports } = observation;
    const groups = observation.trouble.filter(group => UNCONNECTED.includes(group.trouble));
    const shut = groups.filter(group => rateAt(observation, group) >= SHUT);
    const shutPlaces = new Set(shut.map(placeOf));
    const partly = groups.filter(group => !shutPlaces.has(placeOf(group)));

    const byEndpoint = Map.groupBy(shut, ({ endpoint }) => endpoint);
    const down = [...byEndpoint.values()].filter(of => isOneEndpoint(of, reports) && reports.length > 1).flat();
    const blocked = shut.filter(group => !down.includes(group));
    return [
        ...findingOf(observation, down, readingOfDown(down)),
        ...findingOf(observation, blocked, readingOfBlocked(blocked)),
        ...partlyLost(observation, partly),
    ];
}

function rateAt(observation: Observation, { vantagePoint, endpoint, attempts }: TroubleGroup): number {
    const here = observation.trouble.filter(
        group =>
            group.vantagePoint === vantagePoint && group.endpoint === endpoint && UNCONNECTED.includes(group.trouble),
    );
    return countOf(here) / attempts;
}

function placeOf({ vantagePoint, endpoint }: TroubleGroup): string {
    return `${vantagePoint} ${endpoint}`;
}

function namesOf(groups: TroubleGroup[]): string {
    return [...new Set(groups.map(({ endpoint }) => endpoint))].join(", ");
}

function readingOfDown(groups: TroubleGroup[]): Reading {
    return {
        cause: "upstream",
        confidence: 0.9,
        summary: `No vantage point can connect to ${namesOf(groups)}, while other endpoints answer.`,
        action: `Ask the operator of ${namesOf(groups)}; a mirror bridges the time.`,
    };
}

function readingOfBlocked(groups: TroubleGroup[]): Reading {
    return {
        cause: "firewall-block",
        confidence: 0.85,
        summary: `${vantagePointsOf(groups).join(", ")} cannot connect to ${namesOf(groups)}.`,
        action: `Look for the rule that keeps ${vantagePointsOf(groups).join(", ")} from ${namesOf(groups)}.`,
    };
}

/** Some connections come about and others do not: NAT without ports when only VMs see it, otherwise lost packets. */
function partlyLost(observation: Observation, groups: TroubleGroup[]): Finding[] {
    const { reports } = observation;
    const affected = reports.filter(({ vantagePoint }) => vantagePointsOf(groups).includes(vantagePoint));
    const onlyVms = affected.length > 0 && affected.every(isVm) && reports.some(report => !isVm(report));
    const timeouts = groups.filter(({ trouble }) => trouble === "connect-timeout");
    if (onlyVms && timeouts.length > 0 && !affected.some(losesPackets)) {
        return findingOf(observation, groups, {
            cause: "nat-exhaustion",
            confidence: 0.8,
            summary:
                "Some connections of the VMs are never answered, while established ones lose nothing and the gateway's own succeed.",
            action: "Give the gateway's NAT more source ports or addresses, and look at its conntrack table.",
        });
    }
    return findingOf(observation, groups, {
        cause: "packet-loss",
        confidence: affected.some(losesPackets) ? 0.9 : 0.5,
        summary: `Some connections to ${namesOf(groups)} are not answered.`,
        action: "Look for the link that loses packets: compare the vantage points' retransmissions.",
    });
}

/** Share of successful connections with a repeated packet that counts as loss: some 1 % of packets. */
const LOSSY_SHARE = 0.05;

/** Whether connections that succeeded had to send packets again, surely more often than a busy host explains. */
export function losesPackets(report: Report): boolean {
    const succeeded = report.endpoints.reduce((sum, endpoint) => sum + endpoint.succeeded, 0);
    const repeated = report.endpoints.reduce((sum, endpoint) => sum + endpoint.repeated, 0);
    return wilsonInterval(repeated, succeeded).low > LOSSY_SHARE;
}

function findingOf(observation: Observation, groups: TroubleGroup[], reading: Reading): Finding[] {
    if (groups.length === 0) return [];
    const { cause, confidence, summary, action } = reading;
    return [
        {
            cause,
            direction: null,
            scope: scopeOfTrouble(groups, observation.reports),
            icmpFilteredAt: "nowhere",
            explains: [...groups, ...pullsWith(observation, groups)],
            confidence,
            summary,
            evidence: evidenceOf(observation, groups),
            actions: [{ component: null, argument: null, value: null, sentence: action }],
        },
    ];
}
