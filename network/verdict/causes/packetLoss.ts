import { losesQueries, lossyReports, repeatsMuch } from "../loss.ts";
import { evidenceOf, type Finding, isUnresolved, type Observation, type Report, type Trouble } from "../observation.ts";
import { isShut, placesOf } from "../places.ts";
import { isAtEndpoints, scopeOf } from "../scope.ts";
import { isStall } from "../stalls.ts";
import { behindHoles } from "./blackHole.ts";

/** What loss does to a connection that is coming about, and to a pull. */
const DELAYED: readonly Trouble[] = ["connect-timeout", "late", "pull"];

/** SYNs and segments that had to be sent again in connections that succeeded: packets of any size get lost. */
export function packetLoss(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const lossy = lossyReports(reports);
    if (lossy.length === 0) return [];
    const affected = lossy.map(({ vantagePoint }) => vantagePoint);
    const withoutNames = losesQueries(reports);
    const behindHole = behindHoles(observation);
    const shut = shutAlone(reports);
    const explains = trouble.filter(({ vantagePoint, endpoint, trouble: kind }) => {
        if (!affected.includes(vantagePoint)) return false;
        if (kind === "connect-timeout" && shut(vantagePoint, endpoint)) return false;
        if (isUnresolved(kind)) return withoutNames.includes(vantagePoint);
        return DELAYED.includes(kind) || (isStall(kind) && !behindHole.includes(vantagePoint));
    });
    return [
        {
            cause: "packet-loss",
            direction: null,
            scope: scopeOf(affected, reports),
            icmpFilteredAt: "nowhere",
            explains,
            isMeasured: repeatsMuch(reports),
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

/** Tells of which endpoints every unanswered connection led to a place that answers none: loss takes some of many. */
function shutAlone(reports: Report[]): (vantagePoint: string, endpoint: string) => boolean {
    const lossy = reports.flatMap(placesOf).filter(place => place.unanswered > 0 && !isShut(place));
    return (vantagePoint, endpoint) =>
        !lossy.some(place => place.vantagePoint === vantagePoint && place.endpoints.includes(endpoint));
}

/** Where packets get lost, an endpoint that stalls in this share of attempts stalls for another reason. */
const MORE_THAN_LOSS = 0.5;

/** A few endpoints stall for everybody, while the others answer: they are slow or broken, not the path to them. */
export function slowEndpoint(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const lossy = lossyReports(reports).map(({ vantagePoint }) => vantagePoint);
    const stalls = trouble.filter(
        ({ trouble: kind, vantagePoint, count, attempts }) =>
            isStall(kind) && (!lossy.includes(vantagePoint) || count >= attempts * MORE_THAN_LOSS),
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
            isMeasured: false,
            confidence: 0.8,
            summary: `${name} accepts connections and then does not answer in time, from everywhere.`,
            evidence: evidenceOf(observation, stalls),
            actions: [
                {
                    component: null,
                    argument: null,
                    value: null,
                    sentence: `Ask the operator of ${name}. A cache (mirror) keeps pulls working until then.`,
                },
            ],
        },
    ];
}
