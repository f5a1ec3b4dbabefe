import { isSurelyBelow, wilsonInterval } from "../statistics.ts";
import type { Report } from "./observation.ts";
import { isShut, placesOf } from "./places.ts";
import { isVm } from "./scope.ts";

/** Share of successful connections with a repeated segment from which packets of established connections get lost. */
const LOSSY_SHARE = 0.05;
/** Share from which that alone is slowness that users see, though everything comes through: some 2 % of packets. */
const SLOWING_SHARE = 0.1;
/** Share of connections that repeat a SYN in a network that loses next to nothing: one packet of two thousand. */
const STRAY_SHARE = 0.001;
/** Chance below which it is no accident that a vantage point repeated no SYN. */
const NO_ACCIDENT = 0.05;
/**
 * A resolution has four packets to lose, two questions and two answers, a handshake two, and a connection that this side
 * repeats any of six. So loss alone lets names fail twice as often as SYNs are repeated, and less often than anything is;
 * from many times as often on, the resolver is at fault.
 */
const MOST_BY_LOSS = { syns: 6, any: 1 };

/**
 * Whether connections had to send segments again after they had come about, surely more often than a busy host explains.
 * SYNs do not count: NAT without ports eats those, and leaves established connections alone.
 */
export function losesPackets(report: Report): boolean {
    const { succeeded, repeated, synRepeated } = totalsOf([report]);
    return wilsonInterval(repeated - synRepeated, succeeded).low > LOSSY_SHARE;
}

/** Whether so many connections send segments again, from all vantage points together, that users see them slowed. */
export function repeatsMuch(reports: Report[]): boolean {
    const { succeeded, repeated } = totalsOf(reports);
    return wilsonInterval(repeated, succeeded).low > SLOWING_SHARE;
}

/**
 * Vantage points that lose packets of any size: some of many, or all of some flows, as where one of several paths is
 * dead. What only keeps connections from coming about looks like NAT without ports where only VMs see it, and is left
 * to that.
 */
export function lossyReports(reports: Report[]): Report[] {
    const others = reports.filter(report => !isVm(report));
    const outside = others.length === 0 ? reports : others;
    const flowsAreLost = others.some(losesFlows);
    const rate = synShare(reports);
    const mayLoseSyns = (report: Report) => {
        const { late, connected } = totalsOf([report]);
        return late > 0 || (1 - rate) ** connected > NO_ACCIDENT;
    };
    const synsAreLost = repeatsSyns(reports) && outside.some(mayLoseSyns);
    return reports.filter(
        report => losesPackets(report) || (flowsAreLost && losesFlows(report)) || (synsAreLost && mayLoseSyns(report)),
    );
}

/** Vantage points whose failed name resolutions are explained by the packets that get lost on their way. */
export function losesQueries(reports: Report[]): string[] {
    const lossy = lossyReports(reports);
    const { attempts, unresolved, succeeded, repeated } = totalsOf(lossy);
    const byLoss = Math.max(
        synShare(lossy) * MOST_BY_LOSS.syns,
        (repeated / Math.max(1, succeeded)) * MOST_BY_LOSS.any,
    );
    const isLoss = unresolved / attempts <= byLoss;
    return isLoss ? lossy.map(({ vantagePoint }) => vantagePoint) : [];
}

/** Whether connections come about late, or not at all, surely more often than strays explain. */
function repeatsSyns(reports: Report[]): boolean {
    const { late, connected } = totalsOf(reports);
    return isSurelyBelow(1 - STRAY_SHARE, { failures: late, attempts: connected });
}

/** Share of the connections to resolved addresses that lost a SYN or its answer. */
function synShare(reports: Report[]): number {
    const { late, connected } = totalsOf(reports);
    return connected === 0 ? 0 : late / connected;
}

/** Whether some connections, and not all, go unanswered at most endpoints. */
function losesFlows({ endpoints }: Report): boolean {
    const partly = endpoints.filter(
        ({ succeeded, failures }) => succeeded > 0 && (failures["connect-timeout"] ?? 0) > 0,
    );
    return partly.length > endpoints.length / 2;
}

function totalsOf(reports: Report[]) {
    const totals = { attempts: 0, succeeded: 0, repeated: 0, synRepeated: 0, unresolved: 0, connected: 0, late: 0 };
    for (const endpoint of reports.flatMap(report => report.endpoints)) {
        const { attempts, succeeded, repeated, synRepeated = 0, failures, slowDns } = endpoint;
        totals.attempts += attempts;
        totals.succeeded += succeeded;
        totals.repeated += repeated;
        totals.synRepeated += synRepeated;
        totals.unresolved += (failures.dns ?? 0) + slowDns;
    }
    // A place that never answers is down or shut off, which is no loss.
    const places = reports.flatMap(placesOf).filter(place => !isShut(place));
    for (const { attempts, unanswered } of places) {
        totals.connected += attempts;
        totals.late += unanswered;
    }
    totals.late += totals.synRepeated;
    return totals;
}
