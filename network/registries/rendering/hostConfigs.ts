import { defaultHost, isLocalhost, normalizeEndpoint, type UsableEndpoint, withoutCredentials } from "../endpoint.ts";
import type { FilePath } from "../place.ts";
import type { Registries, RegistryConfig } from "../schema.ts";

/** One endpoint with the settings that go with it. */
export interface HostEndpoint {
    url: string;
    overridePath: boolean;
    config: RegistryConfig;
    rewrite: Readonly<Record<string, string>>;
}

/** The endpoint that containerd tries last. */
export interface DefaultEndpoint extends Omit<HostEndpoint, "url"> {
    /** "" stands for the registry that is pulled from; null writes no `server`. */
    url: string | null;
}

/** What one hosts.toml says. */
export interface HostConfig {
    default: DefaultEndpoint | null;
    endpoints: readonly HostEndpoint[];
}

/** The rendering would depend on chance or on the Go that K3s was built with, so it is not guessed. */
export class NotReproducible extends Error {
    override name = "NotReproducible";
    /** The value that it would depend on; empty for the whole file. */
    readonly path: FilePath;

    constructor(message: string, path: FilePath = []) {
        super(message);
        this.path = path;
    }
}

/** containerd's own name for "all registries not named" (hosts.md); registries.yaml calls it `*`. */
const WILDCARD_DIRECTORY = "_default";

/**
 * Merges mirrors and configs into one configuration for each registry, by the name of its directory, as K3s does since
 * March 2024 (pkg/agent/containerd/config.go, getHostConfigs). `embeddedRegistry` is host and port of the embedded
 * registry, or `:` when it is off. Throws NotReproducible.
 */
export function hostConfigs(
    registries: Registries,
    disableDefaultEndpoint: boolean,
    embeddedRegistry: string,
): Map<string, HostConfig> {
    const configs = new Map(Object.entries(registries.configs ?? {}));
    const mirrors = Object.entries(registries.mirrors ?? {});
    const hosts = new Map<string, HostConfig>();
    refuseTwoWildcards(configs.keys(), "configs");
    refuseTwoWildcards(
        mirrors.map(([host]) => host),
        "mirrors",
    );

    for (const [host, config] of configs) {
        const upstream = endpointOf(host, embeddedRegistry, ["configs", host]);
        if (upstream) hosts.set(directoryOf(host), { default: defaultEndpoint(host, upstream, config), endpoints: [] });
    }
    for (const [host, mirror] of mirrors) {
        let upstream: DefaultEndpoint | null;
        const configured = hosts.get(host);
        if (configured) {
            upstream = configured.default;
        } else {
            const endpoint = endpointOf(host, embeddedRegistry, ["mirrors", host]);
            if (!endpoint) continue;
            upstream = defaultEndpoint(host, endpoint, configFor(configs, host));
            if (disableDefaultEndpoint) upstream = null;
            else if (host === "*") upstream = { url: "", overridePath: false, config: {}, rewrite: {} };
        }

        const endpoints: HostEndpoint[] = [];
        const seen = new Set<string>();
        for (const [index, text] of (mirror.endpoint ?? []).entries()) {
            const endpoint = endpointOf(text, embeddedRegistry, ["mirrors", host, "endpoint", index]);
            if (!endpoint || seen.has(endpoint.url)) continue;
            seen.add(endpoint.url);
            const entry: HostEndpoint = {
                url: endpoint.url,
                overridePath: endpoint.overridePath,
                config: configFor(configs, endpoint.registry),
                rewrite: endpoint.host === embeddedRegistry ? {} : (mirror.rewrite ?? {}),
            };
            const isLast = index + 1 === mirror.endpoint!.length;
            if (isLast && upstream?.url === entry.url) upstream = entry;
            else endpoints.push(entry);
        }
        hosts.set(directoryOf(host), { default: upstream, endpoints });
    }

    for (const [directory, host] of hosts) {
        if (host.endpoints.length === 0 && !saysSomething(host.default)) hosts.delete(directory);
    }
    return hosts;
}

/** Adds K3s's embedded registry in front of every mirror that is not this machine (pkg/spegel/registry.go). */
export function withEmbeddedRegistry(registries: Registries, address: string, agentDirectory: string): Registries {
    const url = `https://${address}/v2`;
    const mirrors = Object.entries(registries.mirrors ?? {}).map(([host, mirror]) => {
        return [host, isLocalhost(host) ? mirror : { ...mirror, endpoint: [url, ...(mirror.endpoint ?? [])] }] as const;
    });
    const tls = {
        ca_file: `${agentDirectory}/server-ca.crt`,
        cert_file: `${agentDirectory}/client-k3s-controller.crt`,
        key_file: `${agentDirectory}/client-k3s-controller.key`,
    };
    return {
        mirrors: { ...Object.fromEntries(mirrors), [address]: { endpoint: [url] } },
        configs: { ...registries.configs, [address]: { tls } },
    };
}

function endpointOf(text: string, embeddedRegistry: string, path: FilePath): UsableEndpoint | null {
    const endpoint = normalizeEndpoint(text, embeddedRegistry);
    if (text === "" && path.length === 2) {
        throw new NotReproducible("An empty name leads to certs.d itself. Write the registry's name.", path);
    }
    if (endpoint.kind === "unclear") {
        const shown = withoutCredentials(text);
        throw new NotReproducible(`What K3s makes of "${shown}" cannot be told: ${endpoint.reason}. Correct it.`, path);
    }
    return endpoint.kind === "usable" ? endpoint : null;
}

function defaultEndpoint(host: string, { url }: UsableEndpoint, config: RegistryConfig): DefaultEndpoint {
    return { url: host === "*" ? null : url, overridePath: false, config, rewrite: {} };
}

/** Settings for an endpoint: Docker Hub's are looked for under its host first, then under `docker.io`. */
function configFor(configs: ReadonlyMap<string, RegistryConfig>, registry: string): RegistryConfig {
    return configs.get(defaultHost(registry)) ?? configs.get(registry) ?? {};
}

function directoryOf(host: string): string {
    return host === "*" ? WILDCARD_DIRECTORY : host;
}

function saysSomething(endpoint: DefaultEndpoint | null): boolean {
    if (!endpoint) return false;
    const { overridePath, config, rewrite } = endpoint;
    return overridePath || config.auth !== undefined || config.tls !== undefined || Object.keys(rewrite).length > 0;
}

function refuseTwoWildcards(hosts: Iterable<string>, section: string): void {
    const names = new Set(hosts);
    if (!names.has("*") || !names.has(WILDCARD_DIRECTORY)) return;
    throw new NotReproducible(`${section} has both "*" and "_default"; K3s picks one by chance. Remove "_default".`, [
        section,
        WILDCARD_DIRECTORY,
    ]);
}
