import type { IpFamily } from "../family.ts";
import type { MeasuredMtu } from "../probe/report.ts";
import { losesPackets } from "./loss.ts";
import type { Report } from "./observation.ts";

const DIRECTIONS = ["download", "upload"] as const;

/**
 * The path MTU of an IP version over all vantage points, in bytes: the smallest exact value; where nothing was too big
 * for the path, the largest packet seen to pass. Null when not measured.
 */
export function pathMtuOf(reports: Report[], family: IpFamily): number | null {
    const exact = DIRECTIONS.flatMap(direction => {
        const agreed = agreedMtu(reports, family, direction);
        return agreed === null ? [] : [agreed];
    });
    if (exact.length > 0) return Math.min(...exact);
    const measured = DIRECTIONS.flatMap(direction => measuredMtus(reports, family, direction));
    return measured.length === 0 ? null : Math.max(...measured.map(({ bytes }) => bytes));
}

/**
 * The smallest exact value of one direction. Where packets of any size get lost, two flows must agree on it, since one
 * alone may have lost all of one size by chance. Null when no value was exact, or none is agreed on.
 */
export function agreedMtu(reports: Report[], family: IpFamily, direction: "download" | "upload"): number | null {
    const measured = measuredMtus(reports, family, direction);
    const mayBeChance = reports.some(losesPackets);
    const flows = measured.flatMap(({ paths }) => paths);
    const agreed = measured
        .filter(({ bound }) => bound === "exact")
        .map(({ bytes }) => bytes)
        .filter(bytes => !mayBeChance || flows.filter(flow => flow === bytes).length > 1);
    return agreed.length === 0 ? null : Math.min(...agreed);
}

function measuredMtus(reports: Report[], family: IpFamily, direction: "download" | "upload"): MeasuredMtu[] {
    return reports.map(({ pathMtu }) => pathMtu[family]?.[direction]).filter((mtu): mtu is MeasuredMtu => !!mtu);
}
