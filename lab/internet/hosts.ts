/** What a host of the lab's internet does. */
export type InternetRole = "registry" | "token" | "redirect" | "blobs" | "artifacts" | "api";

/** One host name of the lab's internet, with the address it has in each IP version. */
export interface InternetHost {
    name: string;
    role: InternetRole;
    ipv4: string;
    ipv6: string;
}

/** Host that answers DNS queries, on UDP and TCP port 53. */
export const DNS_SERVER = { ipv4: "192.0.2.53", ipv6: "2001:db8:1::53" } as const;

/** Blob host of registry.k8s.io, named as its bucket of one region is. */
export const KUBERNETES_BLOBS = "prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com";

/**
 * Every host name that resolves in the lab. Addresses are of the documentation blocks (RFC 5737, RFC 3849), spread over
 * three networks so that routes and ECMP hashes differ as they do outside.
 */
export const INTERNET_HOSTS: readonly InternetHost[] = [
    { name: "ghcr.io", role: "registry", ipv4: "192.0.2.10", ipv6: "2001:db8:1::10" },
    { name: "pkg-containers.githubusercontent.com", role: "blobs", ipv4: "192.0.2.11", ipv6: "2001:db8:1::11" },
    { name: "registry-1.docker.io", role: "registry", ipv4: "198.51.100.10", ipv6: "2001:db8:1::20" },
    { name: "auth.docker.io", role: "token", ipv4: "198.51.100.11", ipv6: "2001:db8:1::21" },
    { name: "production.cloudflare.docker.com", role: "blobs", ipv4: "198.51.100.12", ipv6: "2001:db8:1::22" },
    { name: "quay.io", role: "registry", ipv4: "203.0.113.10", ipv6: "2001:db8:1::30" },
    { name: "cdn01.quay.io", role: "blobs", ipv4: "203.0.113.11", ipv6: "2001:db8:1::31" },
    { name: "registry.k8s.io", role: "redirect", ipv4: "203.0.113.20", ipv6: "2001:db8:1::40" },
    { name: "us-west1-docker.pkg.dev", role: "artifacts", ipv4: "203.0.113.21", ipv6: "2001:db8:1::41" },
    { name: KUBERNETES_BLOBS, role: "blobs", ipv4: "203.0.113.22", ipv6: "2001:db8:1::42" },
    { name: "oci.external-secrets.io", role: "redirect", ipv4: "192.0.2.20", ipv6: "2001:db8:1::50" },
    { name: "api.doppler.com", role: "api", ipv4: "198.51.100.30", ipv6: "2001:db8:1::60" },
];

/** Names of all hosts, in the order of the table. */
export const INTERNET_HOST_NAMES: readonly string[] = INTERNET_HOSTS.map(host => host.name);
