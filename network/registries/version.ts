/** A K3s release, e.g. v1.32.3+k3s1. Release candidates count as the release they became. */
export interface K3sVersion {
    minor: number;
    patch: number;
}

/** Release whose source the renderer was last compared with. */
export const NEWEST_K3S: K3sVersion = { minor: 36, patch: 2 };

/** Reads `v1.32.3+k3s1`, `1.32.3` and the like; null for anything that is not a K3s 1.x release. */
export function parseK3sVersion(text: string): K3sVersion | null {
    const match = /^v?1\.(\d{1,3})\.(\d{1,3})(?:[-+][0-9A-Za-z.+-]*)?$/.exec(text.trim());
    return match && { minor: Number(match[1]), patch: Number(match[2]) };
}

/** The release without the suffix of its build: `v1.32.3`. */
export function formatK3sVersion({ minor, patch }: K3sVersion): string {
    return `v1.${minor}.${patch}`;
}

/** First patch release of each minor that has a change. Newer minors have it, older ones do not. */
type FirstPatches = Readonly<Record<number, number>>;

function has(version: K3sVersion, firstPatches: FirstPatches): boolean {
    const patch = firstPatches[version.minor];
    if (patch !== undefined) return version.patch >= patch;
    return version.minor > Math.max(...Object.keys(firstPatches).map(Number));
}

/** K3s writes hosts.toml files instead of mirrors in config.toml (January 2024). */
const CERTS_D: FirstPatches = { 26: 13, 27: 10, 28: 6, 29: 1 };
/** The default endpoint's settings stand at top level and duplicates are left out (March 2024, k3s pull 9626 and later). */
const TOP_LEVEL_DEFAULT: FirstPatches = { 26: 15, 27: 12, 28: 8, 29: 3 };
/** An empty `[host]` table is written for containerd's sake (April 2024, k3s issue 9839). */
const HOST_TABLE: FirstPatches = { 27: 13, 28: 9, 29: 4 };
/** Blank lines are taken out and one is put before each table (February 2025, with containerd 2.0). */
const COMPACT: FirstPatches = { 31: 6, 32: 2 };
/** containerd falls back from a `"*"` mirror to the upstream again (March 2025, k3s issue 11857). */
const WILDCARD_FALLBACK_AGAIN: FirstPatches = { 31: 7, 32: 3 };
/** containerd finds credentials for Docker Hub under `docker.io` too (July 2025, k3s issue 12561). */
const DOCKER_IO_AUTH: FirstPatches = { 31: 11, 32: 7, 33: 3 };

/** How a release lays out a hosts.toml. */
export interface HostsTomlLayout {
    /** Whether the file has an empty `[host]` table. */
    hostTable: boolean;
    /** Whether blank lines are only those before a table. */
    compact: boolean;
}

/** The layout of a release, or null for releases before March 2024, which the renderer does not know. */
export function hostsTomlLayout(version: K3sVersion): HostsTomlLayout | null {
    if (!has(version, TOP_LEVEL_DEFAULT)) return null;
    return { hostTable: has(version, HOST_TABLE), compact: has(version, COMPACT) };
}

/** Whether pulls through a `"*"` mirror end at the upstream when no endpoint answers. */
export function wildcardKeepsUpstream(version: K3sVersion): boolean {
    if (!has(version, CERTS_D)) return true;
    if (!has(version, TOP_LEVEL_DEFAULT)) return false;
    return !has(version, COMPACT) || has(version, WILDCARD_FALLBACK_AGAIN);
}

/** Whether containerd reads a hosts.toml with an IPv6 address in a key: 2.0 does, 1.7 does not (containerd issue 10055). */
export function readsIpv6Endpoints(version: K3sVersion): boolean {
    return has(version, COMPACT);
}

/** Whether credentials for Docker Hub may be keyed `docker.io`; otherwise only `registry-1.docker.io` works. */
export function dockerIoAuthWorks(version: K3sVersion): boolean {
    return has(version, DOCKER_IO_AUTH);
}
