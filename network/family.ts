import { z } from "zod";

/** IP version of a path, an address or a limit. */
export type IpFamily = "ipv4" | "ipv6";

export const IP_FAMILIES = ["ipv4", "ipv6"] as const satisfies readonly IpFamily[];

/** The IP versions as people write them. */
export const FAMILY_NAMES: PerFamily<string> = { ipv4: "IPv4", ipv6: "IPv6" };

/** One value for each IP version. */
export interface PerFamily<T> {
    ipv4: T;
    ipv6: T;
}

/** Bytes for each IP version: a path MTU, or an MSS. Null where a path is not known, or nothing is clamped. */
export const BytesPerFamily = z.object({ ipv4: z.int().nullable(), ipv6: z.int().nullable() });
export type BytesPerFamily = z.infer<typeof BytesPerFamily>;
