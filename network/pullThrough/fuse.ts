import type { CachedUpstream } from "./upstream.ts";

/** Name of the nftables table on every node. */
export const FUSE_TABLE = "clearpath_cache";

/** A bit of the connection's mark that neither Kubernetes nor Flannel, Calico, Cilium or Tailscale use. */
const ASKED = "0x01000000";

/**
 * Body of a node's nftables table that makes a dead cache refuse at once. containerd waits 30 s for an address that
 * drops its packets, at every request and for every endpoint, and starves the fallback to the upstream. A SYN to the
 * cache that is sent a second time, one second after the first, was not answered: it gets a reset from the node itself,
 * and containerd asks the next endpoint. Pods are not concerned: only the node's own packets pass the hook output.
 */
export function fuseTable(address: string, upstreams: readonly CachedUpstream[]): string {
    const ports = upstreams.flatMap(({ proxyPort, twinPort }) => [proxyPort, twinPort]).join(", ");
    const syn = `${address.includes(":") ? "ip6" : "ip"} daddr ${address} tcp dport { ${ports} } tcp flags syn / syn,ack`;
    return `chain output {
    type filter hook output priority filter;
    ${syn} ct mark and ${ASKED} != 0 counter reject with tcp reset
    ${syn} ct mark set ct mark or ${ASKED}
}
`;
}
