import { FAMILY_NAMES } from "../../family.ts";
import { losesPackets } from "../loss.ts";
import { evidenceOf, type Finding, type Observation } from "../observation.ts";
import { type CalledPlace, isShut, isUnconnected, placesOf } from "../places.ts";
import { isVm, scopeOf } from "../scope.ts";
import type { Cause, Evidence, Scope } from "../verdict.ts";
import { pullsWith } from "./pulls.ts";

interface Reading {
    cause: Cause;
    scope: Scope;
    confidence: number;
    summary: string;
    action: string;
}

/** TCP connections that do not come about: the endpoint is down, a firewall shuts them out, or packets get lost. */
export function connections(observation: Observation): Finding[] {
    const { reports } = observation;
    const places = reports.flatMap(placesOf);
    const shut = places.filter(isShut);
    const sameEverywhere = (place: CalledPlace) =>
        places.filter(other => other.host === place.host && other.family === place.family).every(isShut);
    const elsewhere = (place: CalledPlace) =>
        reports.length > 1 || places.some(other => other.host === place.host && !isShut(other));
    const down = shut.filter(place => sameEverywhere(place) && elsewhere(place));
    const blocked = shut.filter(place => !down.includes(place));
    const partly = places.filter(place => place.unconnected > 0 && !isShut(place));
    return [
        ...(isWholeFamily(down, places) ? shutForAll(observation, down) : downForAll(observation, down)),
        ...shutForSome(observation, blocked),
        ...partlyLost(observation, partly),
    ];
}

/** Whether no host answers in the IP version that the places are in, which is no fault of any one of them. */
function isWholeFamily(down: CalledPlace[], places: CalledPlace[]): boolean {
    const families = new Set(down.map(({ family }) => family));
    const hosts = new Set(down.map(({ host }) => host));
    return families.size === 1 && hosts.size > 1 && places.every(place => !families.has(place.family) || isShut(place));
}

function downForAll(observation: Observation, places: CalledPlace[]): Finding[] {
    return findingOf(observation, places, {
        cause: "upstream",
        scope: "endpoint",
        confidence: 0.9,
        summary: `No vantage point can connect to ${hostsOf(places)}, while other hosts answer.`,
        action: `Ask the operator of ${hostsOf(places)}. A cache (mirror) keeps pulls working until then.`,
    });
}

function shutForAll(observation: Observation, places: CalledPlace[]): Finding[] {
    const family = FAMILY_NAMES[places[0]?.family ?? "ipv4"];
    return findingOf(observation, places, {
        cause: "firewall-block",
        scope: "host-and-vms",
        confidence: 0.7,
        summary: `Nothing can be connected to in ${family}, from anywhere.`,
        action: `Ask the uplink's provider whether ${family} works, or take its default route away until it does.`,
    });
}

function shutForSome(observation: Observation, places: CalledPlace[]): Finding[] {
    const from = [...new Set(places.map(({ vantagePoint }) => vantagePoint))];
    return findingOf(observation, places, {
        cause: "firewall-block",
        scope: scopeOf(from, observation.reports),
        confidence: 0.85,
        summary: `${from.join(", ")} cannot connect to ${hostsOf(places)}, which answers elsewhere or otherwise.`,
        action: `Look for the rule that keeps ${from.join(", ")} from ${hostsOf(places)}, on the gateway first.`,
    });
}

/** Some connections come about and others do not: NAT without ports when only VMs see it, otherwise lost packets. */
function partlyLost(observation: Observation, places: CalledPlace[]): Finding[] {
    const { reports } = observation;
    const from = [...new Set(places.map(({ vantagePoint }) => vantagePoint))];
    const affected = reports.filter(({ vantagePoint }) => from.includes(vantagePoint));
    const onlyVms = affected.length > 0 && affected.every(isVm) && reports.some(report => !isVm(report));
    const timeouts = observation.trouble.some(
        ({ vantagePoint, trouble }) => trouble === "connect-timeout" && from.includes(vantagePoint),
    );
    if (onlyVms && timeouts && !affected.some(losesPackets)) {
        return findingOf(observation, places, {
            cause: "nat-exhaustion",
            scope: scopeOf(from, reports),
            confidence: 0.6,
            summary:
                "Some connections of the VMs are never answered, while established ones lose nothing and the gateway's own succeed.",
            action: "Give the gateway's NAT more source ports or addresses, and look at its conntrack table.",
        });
    }
    return findingOf(observation, places, {
        cause: "packet-loss",
        scope: scopeOf(from, reports),
        confidence: affected.some(losesPackets) ? 0.9 : 0.5,
        summary: `Some connections to ${hostsOf(places)} are not answered.`,
        action: "Look for the link that loses packets: compare the vantage points' retransmissions.",
    });
}

/** `quay.io`, or `quay.io (IPv6)` where the other IP version of the host is not among the places. */
function hostsOf(places: CalledPlace[]): string {
    return [...Map.groupBy(places, ({ host }) => host)]
        .map(([host, here]) => {
            const families = new Set(here.map(({ family }) => family));
            const [only] = families;
            return families.size > 1 || !only ? host : `${host} (${FAMILY_NAMES[only]})`;
        })
        .join(", ");
}

function findingOf(observation: Observation, places: CalledPlace[], reading: Reading): Finding[] {
    if (places.length === 0) return [];
    const { action, ...rest } = reading;
    const groups = observation.trouble.filter(
        ({ vantagePoint, endpoint, trouble }) =>
            isUnconnected(trouble) &&
            places.some(place => place.vantagePoint === vantagePoint && place.endpoints.includes(endpoint)),
    );
    return [
        {
            ...rest,
            direction: null,
            icmpFilteredAt: "nowhere",
            isMeasured: false,
            explains: [...groups, ...pullsWith(observation, groups)],
            evidence: [...placeEvidence(places), ...evidenceOf(observation, groups)],
            actions: [{ component: null, argument: null, value: null, sentence: action }],
        },
    ];
}

function placeEvidence(places: CalledPlace[]): Evidence[] {
    return [...Map.groupBy(places, ({ vantagePoint }) => vantagePoint)].map(([vantagePoint, here]) => ({
        vantagePoint,
        statement: here
            .map(
                ({ host, family, attempts, unconnected }) =>
                    `${host}${family ? ` over ${family}` : ""}: ${unconnected} of ${attempts} not connected`,
            )
            .join("; "),
        samples: [],
    }));
}
