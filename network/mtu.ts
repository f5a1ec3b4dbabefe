import { IP_FAMILIES, type IpFamily, type PerFamily } from "./family.ts";
import type { PathMtuResult } from "./probe/report.ts";

/** Smallest MTU, in bytes, that IPv6 runs on (RFC 8200, section 5). Below it Linux removes IPv6 from a link. */
export const SMALLEST_NODE_MTU = 1280;

/** MTU, in bytes, of the nodes in the plan: safe on the uplinks it was written for, before anything was measured. */
export const PLANNED_NODE_MTU = 1400;

/** Smallest MTU, in bytes, an IPv4 link may be given here: every host must take a datagram of this size (RFC 791). */
export const SMALLEST_LINK_MTU = 576;

/** Largest MTU, in bytes, of an Ethernet link in use: jumbo frames as most switches carry them. */
export const LARGEST_LINK_MTU = 9216;

/** MTU, in bytes, that a path has for each IP version; null where it is not known. */
export type PathMtu = PerFamily<number | null>;

/**
 * The path MTU that several vantage points behind one egress show together: the smallest exact value over vantage
 * points and directions, since the narrowest place counts. Where none is exact, the largest lower bound: a vantage
 * point that was bounded by its own link says nothing about the path beyond.
 */
export function pathMtuOf(measurements: readonly PathMtuResult[]): PathMtu {
    const ofFamily = (family: IpFamily) => {
        const found = measurements
            .flatMap(measurement => [measurement[family]?.download, measurement[family]?.upload])
            .filter(measured => measured != null);
        const exact = found.filter(({ bound }) => bound === "exact").map(({ bytes }) => bytes);
        if (exact.length > 0) return Math.min(...exact);
        return found.length === 0 ? null : Math.max(...found.map(({ bytes }) => bytes));
    };
    return { ipv4: ofFamily("ipv4"), ipv6: ofFamily("ipv6") };
}

/** Smallest of the IP versions, in bytes, which is what a link that carries both has to fit; null when neither is known. */
export function smallestOf(pathMtu: PathMtu): number | null {
    const known = IP_FAMILIES.map(family => pathMtu[family]).filter(bytes => bytes !== null);
    return known.length === 0 ? null : Math.min(...known);
}
