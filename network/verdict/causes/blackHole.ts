import { FAMILY_NAMES, IP_FAMILIES, type IpFamily, type PerFamily } from "../../family.ts";
import { mssForPath } from "../../mss.ts";
import type { MeasuredMtu } from "../../probe/report.ts";
import {
    evidenceOf,
    type Finding,
    type Observation,
    type Report,
    type TroubleGroup,
    vantagePointsOf,
} from "../observation.ts";
import { agreedMtu } from "../pathMtu.ts";
import { isAtEndpoints, isVm, scopeOf, sparesOthers } from "../scope.ts";
import { isStall } from "../stalls.ts";
import type { Action, Direction, Evidence, IcmpFilteredAt } from "../verdict.ts";

interface Hole {
    report: Report;
    family: IpFamily;
    direction: "download" | "upload";
    mtu: MeasuredMtu;
    /** Largest packet that passes. */
    bytes: number;
}

/** A path that drops large packets and tells nobody, as measured by search. */
export function blackHole(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const holes = holesIn(observation);
    if (holes.length === 0) return suspectedHole(observation);

    const stalling = vantagePointsOf(trouble.filter(group => isStall(group.trouble)));
    const affected = reports
        .filter(report => holes.some(hole => hole.report === report) || isMissed(report, stalling, holes))
        .map(({ vantagePoint }) => vantagePoint);
    const explains = trouble.filter(
        group => affected.includes(group.vantagePoint) && (isStall(group.trouble) || group.trouble === "pull"),
    );
    const direction = directionOf(holes);
    const icmpFilteredAt = icmpFilter(reports, holes);
    const sizes = pathMtusOf(holes);
    const words = IP_FAMILIES.filter(family => sizes[family] !== null)
        .map(family => `${sizes[family]} bytes of ${FAMILY_NAMES[family]}`)
        .join(" and ");
    return [
        {
            cause: "pmtu-black-hole",
            direction,
            scope: isOnWayToFew(explains, reports) ? "endpoint" : scopeOf(affected, reports),
            icmpFilteredAt,
            explains,
            isMeasured: true,
            confidence: explains.length > 0 ? 0.99 : 0.9,
            summary: `Packets larger than ${words} vanish without an answer (${direction === "both" ? "both directions" : direction}).`,
            evidence: [...holes.map(evidenceOfHole), ...evidenceOf(observation, explains)],
            actions: actionsFor(sizes, icmpFilteredAt),
        },
    ];
}

/** Whether the hole is on the way to a few endpoints only, and large packets reach all others. */
function isOnWayToFew(explained: TroubleGroup[], reports: Report[]): boolean {
    const stalls = explained.filter(({ trouble }) => isStall(trouble));
    return isAtEndpoints(stalls, reports) && sparesOthers(stalls, reports);
}

/**
 * A host that receives frag-needed and whose connections do not stall has no hole, even when an answer was late for one
 * flow of the search: routers answer at a bounded rate. One stalled request from an otherwise stable host is not counted
 * as a fault. Where other hosts receive no frag-needed at all, only those have holes.
 */
function holesIn({ reports, trouble }: Observation): Hole[] {
    const suffering = vantagePointsOf(trouble.filter(group => isStall(group.trouble)));
    const holes = reports.flatMap(report =>
        IP_FAMILIES.flatMap(family =>
            (["download", "upload"] as const).flatMap(direction => {
                const mtu = report.pathMtu[family]?.[direction];
                const bytes = agreedMtu(reports, family, direction, ({ silent }) => silent);
                const isHole = mtu?.silent && mtu.bound === "exact" && bytes !== null && mtu.paths.includes(bytes);
                return isHole ? [{ report, family, direction, mtu, bytes }] : [];
            }),
        ),
    );
    const unheard = holes.filter(({ mtu }) => !mtu.icmpSeen);
    if (unheard.length > 0) return unheard;
    return holes.filter(({ report }) => report.stability !== "stable" && suffering.includes(report.vantagePoint));
}

/** Whether a vantage point stalls like those behind a hole on one of several paths, and its own flows met none of it. */
function isMissed(report: Report, stalling: readonly string[], holes: readonly Hole[]): boolean {
    const isOnePath = holes.some(({ mtu, bytes }) => mtu.paths.some(size => size > bytes));
    return isOnePath && stalling.includes(report.vantagePoint);
}

/** Vantage points from which a search found a hole. */
export function behindHoles(observation: Observation): string[] {
    return holesIn(observation).map(({ report }) => report.vantagePoint);
}

/** Where no download could be measured, small hellos tell: an upload hole spares them, and here they stall. */
function directionOf(holes: Hole[]): Direction {
    const directions = new Set(holes.map(({ direction }) => direction));
    if (directions.size > 1) return "both";
    if (directions.has("download")) return "download";
    const reports = holes.map(({ report }) => report);
    const isUnmeasured = reports.every(({ pathMtu }) => !pathMtu.ipv4?.download && !pathMtu.ipv6?.download);
    const small = helloSum(reports, "small");
    return isUnmeasured && small.failed > small.attempts / 2 ? "both" : "upload";
}

function helloSum(reports: Report[], size: "small" | "large"): { attempts: number; failed: number } {
    const hellos = reports.flatMap(report => report.endpoints).map(({ byHello }) => byHello[size]);
    const sum = (of: "attempts" | "failed") => hellos.reduce((all, hello) => all + (hello?.[of] ?? 0), 0);
    return { attempts: sum("attempts"), failed: sum("failed") };
}

/**
 * Who drops the messages. A download hole's message goes to the server, so nobody here could have dropped it. What VMs
 * send and the gateway hears about is dropped between the two.
 */
function icmpFilter(reports: Report[], holes: Hole[]): IcmpFilteredAt {
    const heardByGateway = (family: IpFamily) =>
        reports.some(report => !isVm(report) && report.pathMtu[family]?.upload?.icmpSeen === true);
    const dropped = holes.some(
        ({ report, family, direction }) => direction === "upload" && isVm(report) && heardByGateway(family),
    );
    return dropped ? "gateway" : "beyond";
}

function pathMtusOf(holes: Hole[]): PerFamily<number | null> {
    const smallest = (family: IpFamily) => {
        const found = holes.filter(hole => hole.family === family).map(({ bytes }) => bytes);
        return found.length === 0 ? null : Math.min(...found);
    };
    return { ipv4: smallest("ipv4"), ipv6: smallest("ipv6") };
}

function evidenceOfHole({ report, family, direction, mtu, bytes }: Hole): Evidence {
    const hit = mtu.paths.filter(size => size === bytes).length;
    return {
        vantagePoint: report.vantagePoint,
        statement: `${family} ${direction}: ${bytes} bytes pass and ${bytes + 1} vanish, on ${hit} of ${mtu.paths.length} flows`,
        samples: [],
    };
}

function actionsFor(sizes: PerFamily<number | null>, filteredAt: IcmpFilteredAt): Action[] {
    const clamps = IP_FAMILIES.flatMap(family => {
        const bytes = sizes[family];
        if (bytes === null) return [];
        const value = mssForPath(bytes, family);
        const sentence = `Clamp TCP's MSS for ${FAMILY_NAMES[family]} to ${value} (path MTU ${bytes}) in both directions.`;
        return [{ component: "GatewayPath", argument: `mss.${family}`, value, sentence }];
    });
    if (filteredAt === "gateway") {
        const sentence =
            "Remove the gateway's rule that drops ICMP frag-needed and packet-too-big on the way to the VMs.";
        return [...clamps, { component: null, argument: null, value: null, sentence }];
    }
    const sentence =
        "Ask the uplink's provider to let ICMP frag-needed and packet-too-big pass: UDP and QUIC need these messages.";
    return [...clamps, { component: null, argument: null, value: null, sentence }];
}

/**
 * Handshakes stall at several endpoints where names resolve and TCP connects, but no hole was measured: the path MTU was
 * not searched, or no flow of the search met the bad one of several paths.
 */
function suspectedHole(observation: Observation): Finding[] {
    const { reports, trouble } = observation;
    const cleared = reports.filter(isCleared).map(({ vantagePoint }) => vantagePoint);
    const stalls = trouble.filter(group => isStall(group.trouble) && !cleared.includes(group.vantagePoint));
    if (stalls.length === 0 || isAtEndpoints(stalls, reports)) return [];
    const affected = vantagePointsOf(stalls);
    return [
        {
            cause: "pmtu-black-hole",
            direction: suspectedDirection(reports.filter(report => affected.includes(report.vantagePoint))),
            scope: scopeOf(affected, reports),
            icmpFilteredAt: "beyond",
            isMeasured: false,
            explains: [
                ...stalls,
                ...trouble.filter(group => group.trouble === "pull" && affected.includes(group.vantagePoint)),
            ],
            confidence: 0.5,
            summary: "TLS handshakes stall after TCP has connected, as they do where large packets vanish.",
            evidence: evidenceOf(observation, stalls),
            actions: [
                {
                    component: "GatewayPath",
                    argument: "mss",
                    value: null,
                    sentence: "Measure the path MTU (`pathMtu: true`) and clamp TCP's MSS to it.",
                },
            ],
        },
    ];
}

/** Flows of a search from which on it would have met a hole, but for a small share of an ECMP path's. */
const ENOUGH_FLOWS = 8;

/** Whether a search walked many flows in both directions of every IP version there is, and large packets passed on all. */
function isCleared({ pathMtu }: Report): boolean {
    const searched = IP_FAMILIES.flatMap(family => {
        const measured = pathMtu[family];
        return measured ? [measured.download, measured.upload] : [];
    });
    return searched.length > 0 && searched.every(mtu => mtu && !mtu.silent && mtu.paths.length >= ENOUGH_FLOWS);
}

/** Small hellos pass an upload hole and large ones do not; a download hole keeps the certificate from both. */
function suspectedDirection(reports: Report[]): Direction | null {
    const [small, large] = [helloSum(reports, "small"), helloSum(reports, "large")];
    if (small.attempts === 0 || large.attempts === 0) return null;
    return small.failed === 0 ? "upload" : "download";
}
