import { wilsonInterval } from "../statistics.ts";
import type { Report } from "./observation.ts";
import { isVm } from "./scope.ts";

/** Share of successful connections with a repeated packet that counts as loss: some 1 % of packets. */
const LOSSY_SHARE = 0.05;
/**
 * A resolution sends and gets two packets each, about as many as a connection repeats one of when it loses it. So loss
 * alone lets names fail about as often as connections repeat packets; from twice as often on, the resolver is at fault.
 */
const MOST_BY_LOSS = 2;

/** Whether connections that succeeded had to send packets again, surely more often than a busy host explains. */
export function losesPackets(report: Report): boolean {
    const { succeeded, repeated } = totalsOf([report]);
    return wilsonInterval(repeated, succeeded).low > LOSSY_SHARE;
}

/**
 * Vantage points that lose packets of any size: some of many, or all of some flows, as where one of several paths is
 * dead. The latter looks like NAT without ports where only VMs see it, and is left to that.
 */
export function lossyReports(reports: Report[]): Report[] {
    const gatewayLoses = reports.some(report => !isVm(report) && losesFlows(report));
    return reports.filter(report => losesPackets(report) || (gatewayLoses && losesFlows(report)));
}

/** Vantage points whose failed name resolutions are explained by the packets that get lost on their way. */
export function losesQueries(reports: Report[]): string[] {
    const lossy = lossyReports(reports);
    const { attempts, repeated, unresolved, unanswered } = totalsOf(lossy);
    const isLoss = unresolved / attempts <= ((repeated + unanswered) / (attempts - unresolved)) * MOST_BY_LOSS;
    return isLoss ? lossy.map(({ vantagePoint }) => vantagePoint) : [];
}

/** Whether some connections, and not all, go unanswered at most endpoints. */
function losesFlows({ endpoints }: Report): boolean {
    const partly = endpoints.filter(
        ({ succeeded, failures }) => succeeded > 0 && (failures["connect-timeout"] ?? 0) > 0,
    );
    return partly.length > endpoints.length / 2;
}

function totalsOf(reports: Report[]) {
    const totals = { attempts: 0, succeeded: 0, repeated: 0, unresolved: 0, unanswered: 0 };
    for (const { attempts, succeeded, repeated, failures, slowDns } of reports.flatMap(report => report.endpoints)) {
        totals.attempts += attempts;
        totals.succeeded += succeeded;
        totals.repeated += repeated;
        totals.unresolved += (failures.dns ?? 0) + slowDns;
        totals.unanswered += failures["connect-timeout"] ?? 0;
    }
    return totals;
}
