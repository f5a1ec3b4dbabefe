import { wilsonInterval } from "../statistics.ts";
import type { Report } from "./observation.ts";

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

/** Vantage points whose failed name resolutions are explained by the packets that get lost on their way. */
export function losesQueries(reports: Report[]): string[] {
    const lossy = reports.filter(losesPackets);
    const { attempts, succeeded, repeated, unresolved } = totalsOf(lossy);
    const isLoss = unresolved / attempts <= (repeated / succeeded) * MOST_BY_LOSS;
    return isLoss ? lossy.map(({ vantagePoint }) => vantagePoint) : [];
}

function totalsOf(reports: Report[]) {
    const totals = { attempts: 0, succeeded: 0, repeated: 0, unresolved: 0 };
    for (const { attempts, succeeded, repeated, failures, slowDns } of reports.flatMap(report => report.endpoints)) {
        totals.attempts += attempts;
        totals.succeeded += succeeded;
        totals.repeated += repeated;
        totals.unresolved += (failures.dns ?? 0) + slowDns;
    }
    return totals;
}
