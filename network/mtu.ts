import { z } from "zod";
import { type BytesPerFamily, IP_FAMILIES, type IpFamily } from "./family.ts";
import type { PathMtuResult } from "./probe/report.ts";

/**
 * Smallest MTU, in bytes, of a link or a path: every router must forward an IPv4 packet of this size whole (RFC 791,
 * section 3.2), and Linux removes IPv4 from a link below it.
 */
export const SMALLEST_MTU = 68;

/** Largest MTU, in bytes: the length field of an IPv4 header has 16 bits (RFC 791, section 3.1). */
export const LARGEST_MTU = 65_535;

/** Smallest MTU, in bytes, that IPv6 runs on (RFC 8200, section 5). Below it Linux removes IPv6 from a link. */
export const SMALLEST_IPV6_MTU = 1280;

/** An MTU, in bytes, as every schema takes it. Larger than a driver allows, or than a bridge has, is refused elsewhere. */
export const Mtu = z.int().min(SMALLEST_MTU).max(LARGEST_MTU);

/** MTU, in bytes, of the nodes in the plan: safe on the uplinks it was written for, before anything was measured. */
export const PLANNED_NODE_MTU = 1400;

/**
 * The path MTU that several measurements behind one egress show together: the smallest exact value over vantage
 * points and directions, since the narrowest place counts. Where none is exact, the largest lower bound: a vantage
 * point that was bounded by its own link says nothing about the path beyond.
 */
export function measuredPathMtu(measurements: readonly PathMtuResult[]): BytesPerFamily {
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
export function smallestOf(pathMtu: BytesPerFamily): number | null {
    const known = IP_FAMILIES.map(family => pathMtu[family]).filter(bytes => bytes !== null);
    return known.length === 0 ? null : Math.min(...known);
}
