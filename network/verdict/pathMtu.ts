import { IP_FAMILIES, type IpFamily } from "../family.ts";
import type { MeasuredMtu } from "../probe/report.ts";
import type { Report } from "./observation.ts";

const DIRECTIONS = ["download", "upload"] as const;

/**
 * The path MTU of an IP version over all vantage points, in bytes: the smallest exact value; where nothing was too big
 * for the path, the largest packet seen to pass. Null when not measured. Pods count only where nothing else was probed:
 * what they are told may come from their own node.
 */
export function agreedPathMtu(all: Report[], family: IpFamily): number | null {
    const hosts = all.filter(({ role }) => role !== "pod");
    const reports = hosts.length > 0 ? hosts : all;
    const exact = DIRECTIONS.flatMap(direction => {
        const agreed = agreedMtu(reports, family, direction);
        return agreed === null ? [] : [agreed];
    });
    if (exact.length > 0) return Math.min(...exact);
    const measured = DIRECTIONS.flatMap(direction => measuredMtus(reports, family, direction));
    return measured.length === 0 ? null : Math.max(...measured.map(({ bytes }) => bytes));
}

/**
 * The smallest exact value of one direction among the measurements that count. Two flows must agree on it, of any
 * vantage point, IP version and direction: one alone may have lost all packets of one size by chance, or on a busy host.
 * Null when no value was exact, or none is agreed on.
 */
export function agreedMtu(
    reports: Report[],
    family: IpFamily,
    direction: "download" | "upload",
    counts: (mtu: MeasuredMtu) => boolean = () => true,
): number | null {
    const everywhere = IP_FAMILIES.flatMap(one => DIRECTIONS.flatMap(way => measuredMtus(reports, one, way)));
    const flows = everywhere.filter(counts).flatMap(({ paths }) => paths);
    const agreed = measuredMtus(reports, family, direction)
        .filter(mtu => mtu.bound === "exact" && counts(mtu))
        .map(({ bytes }) => bytes)
        .filter(bytes => flows.filter(flow => flow === bytes).length > 1);
    return agreed.length === 0 ? null : Math.min(...agreed);
}

function measuredMtus(reports: Report[], family: IpFamily, direction: "download" | "upload"): MeasuredMtu[] {
    return reports.map(({ pathMtu }) => pathMtu[family]?.[direction]).filter((mtu): mtu is MeasuredMtu => !!mtu);
}
