import type { RegistriesArgs } from "../registries/args.ts";
import type { CachedUpstream } from "./upstream.ts";

/** Name under which the nodes know the cache's certificate authority. */
export const CACHE_AUTHORITY = "clearpath-cache";

/**
 * What the nodes are told: for every registry first the proxy, then the twin; the upstream stays last by itself. Names
 * are spelt out, because a `"*"` would lose the upstream on some K3s releases.
 */
export function mirrorsOf(address: string, upstreams: readonly CachedUpstream[]): RegistriesArgs {
    const host = address.includes(":") ? `[${address}]` : address;
    const authorities = (port: number) => `${host}:${port}`;
    const mirrors = upstreams.flatMap(({ registry, aliases, proxyPort, twinPort }) => {
        const endpoint = [proxyPort, twinPort].map(port => `https://${authorities(port)}`);
        return [registry, ...aliases].map(name => [name, { endpoint }] as const);
    });
    const configs = upstreams.flatMap(({ proxyPort, twinPort }) =>
        [proxyPort, twinPort].map(port => [authorities(port), { tls: { ca: CACHE_AUTHORITY } }] as const),
    );
    return { mirrors: Object.fromEntries(mirrors), configs: Object.fromEntries(configs) };
}
