/** IP version of a path, an address or a limit. */
export type IpFamily = "ipv4" | "ipv6";

export const IP_FAMILIES = ["ipv4", "ipv6"] as const satisfies readonly IpFamily[];

/** One value for each IP version. */
export interface PerFamily<T> {
    ipv4: T;
    ipv6: T;
}
