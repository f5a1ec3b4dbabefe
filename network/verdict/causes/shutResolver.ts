import {
    evidenceOf,
    type Finding,
    isUnresolved,
    type Observation,
    type Report,
    vantagePointsOf,
} from "../observation.ts";
import { isVm, scopeOf } from "../scope.ts";
import { pullsWith } from "./pulls.ts";

/** From this share of attempts without an address on, a vantage point gets nothing from its resolvers. */
const ALL = 0.9;
/** Below this share, the resolvers answer, though they or the way to them may lose some queries. */
const SOME = 0.5;

/** VMs whose resolvers never answer them, and answer the gateway: what keeps the two apart is no fault of the resolver. */
export function vmsShutFromResolver(reports: Report[]): string[] {
    const gateways = reports.filter(report => !isVm(report) && unresolvedShare(report) < SOME);
    return reports
        .filter(isVm)
        .filter(report => unresolvedShare(report) >= ALL)
        .filter(({ facts }) =>
            gateways.some(gateway => facts.resolvers.some(address => gateway.facts.resolvers.includes(address))),
        )
        .map(({ vantagePoint }) => vantagePoint);
}

/** A firewall, or a route, between VMs and the resolvers that they share with the gateway. */
export function shutResolver(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const shut = vmsShutFromResolver(reports);
    const groups = trouble.filter(group => isUnresolved(group.trouble) && shut.includes(group.vantagePoint));
    if (groups.length === 0) return [];
    const from = vantagePointsOf(groups);
    const resolvers = [
        ...new Set(
            reports.filter(report => from.includes(report.vantagePoint)).flatMap(({ facts }) => facts.resolvers),
        ),
    ];
    return [
        {
            cause: "firewall-block",
            direction: null,
            scope: scopeOf(from, reports),
            icmpFilteredAt: "nowhere",
            isMeasured: false,
            explains: [...groups, ...pullsWith(observation, groups)],
            confidence: 0.8,
            summary: `${from.join(", ")} get no answer from ${resolvers.join(", ")}, which answers the gateway.`,
            evidence: evidenceOf(observation, groups),
            actions: [
                {
                    component: null,
                    argument: null,
                    value: null,
                    sentence: `Look for the rule that keeps ${from.join(", ")} from ${resolvers.join(", ")}, on the gateway first.`,
                },
            ],
        },
    ];
}

function unresolvedShare({ endpoints }: Report): number {
    const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
    const attempts = sum(endpoints.map(endpoint => endpoint.attempts));
    if (attempts === 0) return 0;
    return sum(endpoints.map(({ failures, slowDns }) => (failures.dns ?? 0) + slowDns)) / attempts;
}
