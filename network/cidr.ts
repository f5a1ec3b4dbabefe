import ipaddr from "ipaddr.js";
import type { IpFamily, PerFamily } from "./family.ts";

/** A subnet in one spelling: the network address in its shortest form, a slash, and the prefix length. */
export type Cidr = string;

/**
 * What is wrong with a subnet as someone wrote it, as the rest of a sentence that begins with the text; undefined
 * when nothing is. Host bits are an error: `10.27.27.5/24` may mean one host or its whole network.
 */
export function faultOfCidr(text: string): string | undefined {
    const read = readCidr(text);
    if (read === undefined)
        return "is not a subnet in CIDR notation. Write for example 10.27.27.0/24 or 2001:db8:27::/64.";
    const network = formatCidr(read.network, read.prefix);
    if (read.network.toString() === read.address.toString()) return undefined;
    return `has bits set behind its prefix. Write ${network} for the network, or ${read.address}/${read.address.kind() === "ipv4" ? 32 : 128} for the one host.`;
}

export function familyOfCidr(cidr: Cidr): IpFamily {
    return cidr.includes(":") ? "ipv6" : "ipv4";
}

/** IP version of a plain address; undefined for a host name. */
export function familyOfAddress(text: string): IpFamily | undefined {
    return parseAddress(text)?.kind();
}

/** Whether an address is inside of a subnet. False for a host name and for the other IP version. */
export function containsAddress(cidr: Cidr, address: string): boolean {
    const parsed = parseAddress(address);
    return parsed !== undefined && containsCidr(cidr, `${parsed.toString()}/${parsed.kind() === "ipv4" ? 32 : 128}`);
}

/** Whether every address of `inner` is inside of `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
    const [wide, narrow] = [readCidr(outer), readCidr(inner)];
    if (wide === undefined || narrow === undefined) return false;
    if (wide.address.kind() !== narrow.address.kind() || wide.prefix > narrow.prefix) return false;
    return narrow.address.match(wide.network, wide.prefix);
}

/**
 * The subnets of each IP version, in one spelling, without those that are inside of another: an nftables interval set
 * refuses overlapping elements.
 */
export function subnetsByFamily(cidrs: readonly Cidr[]): PerFamily<Cidr[]> {
    const spelt = [...new Set(cidrs.map(canonicalCidr))];
    const outermost = spelt.filter(cidr => !spelt.some(other => other !== cidr && containsCidr(other, cidr)));
    const ofFamily = (family: IpFamily) => outermost.filter(cidr => familyOfCidr(cidr) === family).sort();
    return { ipv4: ofFamily("ipv4"), ipv6: ofFamily("ipv6") };
}

/** @throws RangeError when `faultOfCidr` would find a fault. */
export function canonicalCidr(text: string): Cidr {
    const read = readCidr(text);
    if (read === undefined) throw new RangeError(`${text} is not a subnet`);
    return formatCidr(read.network, read.prefix);
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** ipaddr.js also reads `10.27` and `0x0a.1`, as the C library does; a configuration means neither. */
function parseAddress(text: string): Address | undefined {
    if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
    return text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

function readCidr(text: string): { address: Address; network: Address; prefix: number } | undefined {
    const [addressText = "", prefixText = "", ...rest] = text.split("/");
    const address = parseAddress(addressText);
    if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) return undefined;
    const prefix = Number(prefixText);
    if (prefix > (address.kind() === "ipv4" ? 32 : 128)) return undefined;
    const network = (address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(
        `${address.toString()}/${prefix}`,
    );
    return { address, network, prefix };
}

function formatCidr(network: Address, prefix: number): Cidr {
    return `${network.toString()}/${prefix}`;
}
