import { losesQueries, lossyReports } from "./loss.ts";
import { evidenceOf, type Finding, isUnresolved, type Observation, type Trouble } from "./observation.ts";
import { isAtEndpoints, scopeOf } from "./scope.ts";

/** What loss does to a connection that has come about, or nearly so. */
const DELAYED: readonly Trouble[] = [
    "slow",
    "tls-timeout",
    "first-byte-timeout",
    "body-timeout",
    "connect-timeout",
    "pull",
];

/** Segments that had to be sent again in connections that succeeded: packets of any size get lost. */
export function packetLoss(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const lossy = lossyReports(reports);
    if (lossy.length === 0) return [];
    const affected = lossy.map(({ vantagePoint }) => vantagePoint);
    const withoutNames = losesQueries(reports);
    const explains = trouble.filter(
        ({ vantagePoint, trouble: kind }) =>
            affected.includes(vantagePoint) &&
            (isUnresolved(kind) ? withoutNames.includes(vantagePoint) : DELAYED.includes(kind)),
    );
    return [
        {
            cause: "packet-loss",
            direction: null,
            scope: scopeOf(affected, reports),
            icmpFilteredAt: "nowhere",
            explains,
            confidence: 0.8,
            summary: `Packets of any size get lost on the way from ${affected.join(", ")}.`,
            evidence: [
                ...lossy.map(report => ({
                    vantagePoint: report.vantagePoint,
                    statement: `${report.endpoints.reduce((sum, endpoint) => sum + endpoint.repeated, 0)} successful connections had to repeat packets`,
                    samples: [],
                })),
                ...evidenceOf(observation, explains),
            ],
            actions: [
                {
                    component: null,
                    argument: null,
                    value: null,
                    sentence: "Look for the link that loses packets: its error counters, its load, its cable.",
                },
            ],
        },
    ];
}

/** Where packets get lost, an endpoint that stalls in this share of attempts stalls for another reason. */
const MORE_THAN_LOSS = 0.5;

/** A few endpoints stall for everybody, while the others answer: they are slow or broken, not the path to them. */
export function slowEndpoint(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const lossy = lossyReports(reports).map(({ vantagePoint }) => vantagePoint);
    const stalls = trouble.filter(
        ({ trouble: kind, vantagePoint, count, attempts }) =>
            ["tls-timeout", "first-byte-timeout", "body-timeout", "slow"].includes(kind) &&
            (!lossy.includes(vantagePoint) || count >= attempts * MORE_THAN_LOSS),
    );
    if (stalls.length === 0 || !isAtEndpoints(stalls, reports)) return [];
    const name = [...new Set(stalls.map(({ endpoint }) => endpoint))].join(", ");
    return [
        {
            cause: "upstream",
            direction: null,
            scope: "endpoint",
            icmpFilteredAt: "nowhere",
            explains: stalls,
            confidence: 0.8,
            summary: `${name} accepts connections and then does not answer in time, from everywhere.`,
            evidence: evidenceOf(observation, stalls),
            actions: [
                {
                    component: null,
                    argument: null,
                    value: null,
                    sentence: `Ask the operator of ${name}; a mirror bridges the time.`,
                },
            ],
        },
    ];
}
