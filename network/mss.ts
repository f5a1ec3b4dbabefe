import type { BytesPerFamily, IpFamily, PerFamily } from "./family.ts";

/** Bytes of IP and TCP header without options: 20 + 20 for IPv4 (RFC 879), 40 + 20 for IPv6 (RFC 8200). */
export const HEADER_BYTES: PerFamily<number> = { ipv4: 40, ipv6: 60 };

/**
 * Smallest MSS that may be set, in bytes: what packets of 576 bytes leave, which every IPv4 host must take (RFC 791). A
 * path below 1280 is none for IPv6 (RFC 8200, section 5), yet where a tunnel makes it one, TCP crosses in small segments.
 */
export const SMALLEST_MSS: PerFamily<number> = { ipv4: 536, ipv6: 516 };

/** What a user asks for: the MSS the path MTU leaves, one for IPv4 from which IPv6's follows, or one for each. */
export type MssSetting = "auto" | number | { ipv4?: number; ipv6?: number };

/** Largest TCP segment that crosses a path unfragmented, in bytes. */
export function mssForPath(pathMtu: number, family: IpFamily): number {
    return pathMtu - HEADER_BYTES[family];
}

/** Size in bytes of the packet that a full segment of this MSS makes. */
export function packetForMss(mss: number, family: IpFamily): number {
    return mss + HEADER_BYTES[family];
}

/** The MSS to clamp to on a path, in bytes; null where the path is not known. */
export function mssFromPathMtu(pathMtu: BytesPerFamily): BytesPerFamily {
    const ofFamily = (family: IpFamily) => {
        const bytes = pathMtu[family];
        return bytes === null ? null : Math.max(mssForPath(bytes, family), SMALLEST_MSS[family]);
    };
    return { ipv4: ofFamily("ipv4"), ipv6: ofFamily("ipv6") };
}

/**
 * The MSS that a setting means on a path, in bytes. One number is IPv4's, and IPv6 gets the MSS that makes packets of
 * the same size; a family left out of an object is derived from the path.
 */
export function mssFor(setting: MssSetting | BytesPerFamily, pathMtu: BytesPerFamily): BytesPerFamily {
    const derived = mssFromPathMtu(pathMtu);
    if (setting === "auto") return derived;
    if (typeof setting !== "number") return { ...derived, ...setting };
    return { ipv4: setting, ipv6: mssForPath(packetForMss(setting, "ipv4"), "ipv6") };
}
