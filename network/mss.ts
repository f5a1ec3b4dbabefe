import type { IpFamily, PerFamily } from "./family.ts";

/** Bytes of IP and TCP header without options: 20 + 20 for IPv4 (RFC 879), 40 + 20 for IPv6 (RFC 8200). */
export const HEADER_BYTES: PerFamily<number> = { ipv4: 40, ipv6: 60 };

/**
 * Smallest MSS that may be set, in bytes: for IPv4 the default a peer assumes when the option is absent (RFC 9293,
 * 3.7.1), for IPv6 what the minimum link MTU of 1280 leaves (RFC 8200, section 5).
 */
export const SMALLEST_MSS: PerFamily<number> = { ipv4: 536, ipv6: 1220 };

/** Largest TCP segment that crosses a path unfragmented, in bytes. */
export function mssForPath(pathMtu: number, family: IpFamily): number {
    return pathMtu - HEADER_BYTES[family];
}

/** Size in bytes of the packet that a full segment of this MSS makes. */
export function packetForMss(mss: number, family: IpFamily): number {
    return mss + HEADER_BYTES[family];
}
