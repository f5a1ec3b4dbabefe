import type { CachedUpstream } from "./upstream.ts";

/** Engine of a cache: Debian's docker-registry is a distribution 2, a binary of one's own a distribution 3. */
export type Distribution = 2 | 3;

/** Directory that systemd keeps for the units of one upstream, and only for them. */
export function storageDirectory({ slug }: Pick<CachedUpstream, "slug">): string {
    return `clearpath-registry-${slug}`;
}

/** File in the storage in which distribution 2 notes when it will forget what it holds. */
export const EXPIRY_FILE = "scheduler-state.json";

export interface RegistryConfigOptions {
    upstream: CachedUpstream;
    /** Directory of the blobs. */
    storage: string;
    distribution: Distribution;
    /** Address that health and metrics are served at. */
    metricsAddress: string;
    /** How long distribution 3 keeps what nobody asks for, as Go writes it; `0s` for ever. */
    ttl?: string;
    /** Whom the upstream is asked as. */
    credentials?: { username: string; password: string };
}

/**
 * Configuration of the instance that asks the upstream and keeps what it gets: JSON, which is YAML too. The place of key
 * and certificate comes by environment, as systemd chooses it. No descriptor is cached in memory, because storage is
 * shared with the twin and cleared by others.
 */
export function proxyConfig(options: RegistryConfigOptions): string {
    const { upstream, distribution, ttl = "0s", credentials } = options;
    return text({
        ...common(options, upstream.proxyPort, upstream.metricsPorts.proxy, {
            delete: { enabled: true },
            maintenance: { uploadpurging: { enabled: true, age: "24h", interval: "6h", dryrun: false } },
        }),
        proxy: {
            remoteurl: upstream.url,
            // Distribution 2 has no setting for this and forgets everything after 7 days: see the unit.
            ...(distribution === 3 && { ttl }),
            ...credentials,
        },
    });
}

/**
 * Configuration of the twin: it knows no upstream, so it starts and serves what is there while the way out is cut, which
 * a proxy does not (it asks its upstream before it listens: `registry/proxy/proxyauth.go` of distribution 2.8).
 */
export function twinConfig(options: Omit<RegistryConfigOptions, "credentials">): string {
    const { twinPort, metricsPorts } = options.upstream;
    return text(
        common(options, twinPort, metricsPorts.twin, {
            maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: true } },
        }),
    );
}

function common(
    { storage, metricsAddress }: Pick<RegistryConfigOptions, "storage" | "metricsAddress">,
    port: number,
    metricsPort: number,
    settings: object,
) {
    return {
        version: "0.1",
        log: { level: "warn", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: storage }, ...settings },
        http: {
            addr: `:${port}`,
            relativeurls: true,
            tls: { minimumtls: "tls1.2" },
            debug: {
                addr: `${metricsAddress.includes(":") ? `[${metricsAddress}]` : metricsAddress}:${metricsPort}`,
                prometheus: { enabled: true, path: "/metrics" },
            },
        },
        health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
    };
}

function text(config: object): string {
    return `${JSON.stringify(config, null, 2)}\n`;
}
