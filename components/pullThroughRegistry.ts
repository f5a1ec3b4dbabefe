import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { CACHE_AUTHORITY, mirrorsOf } from "../network/pullThrough/mirrors.ts";
import { type CachedUpstream, cachedUpstreams, Upstream } from "../network/pullThrough/upstream.ts";
import type { RegistriesArgs } from "../network/registries/args.ts";
import { ServerCertificate } from "../provider/resources/serverCertificate.ts";
import { WarmImages, type WarmTask } from "../provider/resources/warmImages.ts";
import { type WithOutputs, withDefaults } from "./arguments.ts";
import { CacheSettings } from "./config/cacheConfig.ts";
import { type HostArgs, plainHost } from "./hosts.ts";
import { programError } from "./programError.ts";
import { type ClusterCacheArgs, cacheInCluster } from "./pullThrough/clusterCache.ts";
import { cacheOnHost } from "./pullThrough/hostCache.ts";
import { type ContainerArgs, cacheContainer } from "./pullThrough/proxmoxContainer.ts";

/** A registry that is cached. The user that it is asked as may come from elsewhere in the program. */
export type UpstreamArgs = WithOutputs<z.input<typeof Upstream>, "username" | "password">;

/** Where the cache runs. */
export type CachePlacement =
    /** An existing Debian host or container, reached by SSH. */
    | { placement: "host"; host: HostArgs }
    /** A container that is made on a Proxmox host, and then is used like a host. */
    | { placement: "lxc"; host: HostArgs; container: ContainerArgs }
    /** In a Kubernetes cluster: not for the images that this cluster itself needs to come up. */
    | { placement: "cluster"; cluster: ClusterCacheArgs };

/** Settings of a cache that hold for every placement. The stack's configuration has the same. */
export const RegistrySettings = CacheSettings.pick({
    address: true,
    upstreams: true,
    firstPort: true,
    warm: true,
    platforms: true,
    parallel: true,
    sizeLimitGiB: true,
    memoryMax: true,
    metricsAddress: true,
    binary: true,
});

export type PullThroughRegistryArgs = CachePlacement &
    Omit<z.input<typeof RegistrySettings>, "upstreams"> & {
        /** Registries that are cached. Default: those of the plan. */
        upstreams?: UpstreamArgs[];
    };

/** What became of the list of images to hold. */
export interface WarmResult {
    held: string[];
    missing: { image: string; reason: string }[];
    /** Bytes that the last run fetched from the upstreams. */
    fetchedBytes: number;
}

/**
 * A pull-through cache of image registries that serves what it holds while the way out is cut, after a reboot too: every
 * upstream has a proxy, which asks it, and a read-only twin on the same storage, which asks nobody.
 */
export class PullThroughRegistry extends pulumi.ComponentResource {
    /** Where nodes reach it. */
    public readonly address: string;
    /** Every upstream with its ports. */
    public readonly upstreams: readonly CachedUpstream[];
    /** Mirrors for `K3sRegistries`: the proxy, then the twin; the upstream stays last by itself. */
    public readonly registries: pulumi.Output<RegistriesArgs>;
    /** Certificate of the private authority behind the cache's own, PEM. */
    public readonly caCertificate: pulumi.Output<string>;
    /** The same by the name that `registries` calls it by, as `K3sRegistries` takes it. */
    public readonly certificateAuthorities: Record<string, pulumi.Output<string>>;
    /** What the cache holds of the list; null where nothing pulls it. */
    public readonly warmed: pulumi.Output<WarmResult | null>;
    /** What must be there before a node is sent to the cache. */
    public readonly ready: pulumi.Resource[];

    constructor(name: string, given: PullThroughRegistryArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections and credentials, which would enter the state as the component's inputs.
        super("clearpath:index:PullThroughRegistry", name, {}, opts);
        const args = withDefaults(RegistrySettings, given);
        const { upstreams, warm, platforms, parallel } = args;
        this.upstreams = checkedUpstreams(name, upstreams, args.firstPort);
        this.address = args.address ?? addressOf(name, args);
        this.registries = pulumi.output(mirrorsOf(this.address, this.upstreams));

        const child = { parent: this, dependsOn: opts.dependsOn };
        const tls = new ServerCertificate(
            `${name}-tls`,
            { authority: "Clearpath image cache", names: [this.address] },
            child,
        );
        this.caCertificate = tls.caCertificate;
        this.certificateAuthorities = { [CACHE_AUTHORITY]: tls.caCertificate };

        const task = tls.caCertificate.apply(
            (caCertificate): WarmTask => ({
                address: this.address,
                caCertificate,
                upstreams: this.upstreams.map(({ registry, aliases, proxyPort, twinPort }) => ({
                    names: [registry, ...aliases],
                    proxy: proxyPort,
                    twin: twinPort,
                })),
                images: warm,
                platforms,
                parallel,
            }),
        );
        const credentials = Object.fromEntries(
            upstreams.map(({ registry, username, password }) => [
                registry,
                username === undefined || password === undefined ? undefined : pulumi.output({ username, password }),
            ]),
        );
        const common = { upstreams: this.upstreams, credentials, tls };
        const warming = (
            host: HostArgs,
            units: readonly { appliedAt: pulumi.Output<string> }[],
            after: pulumi.Resource[],
        ) =>
            new WarmImages(
                `${name}-warm`,
                { connection: host.connection, task, triggers: units.map(({ appliedAt }) => appliedAt) },
                { ...child, dependsOn: after },
            );

        if (args.placement === "cluster") {
            const { deployment, service } = cacheInCluster(
                name,
                { ...common, ...args.cluster, address: this.address },
                child,
            );
            const from = args.cluster.warmFrom;
            const pulled = from && warming(from, [], [deployment, service]);
            this.ready = [deployment, service, ...(pulled ? [pulled] : [])];
            this.warmed = pulled ? resultOf(pulled) : pulumi.output(null);
        } else {
            const container =
                args.placement === "lxc" ? cacheContainer(name, args.container, this.address, child) : undefined;
            const { connection } = args.host;
            // A container that was just made takes a while to answer.
            const patient = container
                ? pulumi.output(connection).apply(plain => ({ dialErrorLimit: 30, ...plain }))
                : connection;
            const units = cacheOnHost(
                name,
                {
                    ...common,
                    connection: patient,
                    binary: args.binary,
                    sizeLimitGiB: args.sizeLimitGiB,
                    memoryMax: args.memoryMax,
                    metricsAddress: args.metricsAddress,
                    warm: task,
                },
                container ? { ...child, dependsOn: container } : child,
            );
            const pulled = warming({ ...args.host, connection: patient }, units, units);
            this.ready = [pulled];
            this.warmed = resultOf(pulled);
        }

        this.registerOutputs({
            placement: args.placement,
            address: this.address,
            registries: this.registries,
            warm,
            warmed: this.warmed,
        });
    }
}

function resultOf({ held, missing, fetchedBytes }: WarmImages): pulumi.Output<WarmResult> {
    return pulumi.output({ held, missing, fetchedBytes });
}

function checkedUpstreams(name: string, given: readonly UpstreamArgs[], firstPort: number): CachedUpstream[] {
    const parsed = given.map(({ username: _, password: __, ...upstream }) => Upstream.safeParse(upstream));
    const halves = given.findIndex(({ username, password }) => (username === undefined) !== (password === undefined));
    const fault = [
        ...parsed.flatMap(({ error }, index) =>
            (error?.issues ?? []).map(issue => `upstreams[${index}].${issue.path.join(".")} ${issue.message}`),
        ),
        ...(halves === -1 ? [] : [`upstreams[${halves}] has one of username and password, and needs both or none`]),
    ][0];
    if (fault !== undefined) throw programError(`${name}: ${fault}. Nothing was changed. Correct it.`);
    try {
        return cachedUpstreams(
            parsed.map(({ data }) => data!),
            firstPort,
        );
    } catch (error) {
        throw programError(`${name}: ${(error as Error).message} Nothing was changed.`);
    }
}

/** What the certificate and the mirrors call the cache, which must be known before it is made. */
function addressOf(name: string, args: PullThroughRegistryArgs): string {
    const found = args.placement === "cluster" ? args.cluster.address : plainHost(args.host);
    if (found !== undefined) return found;
    throw programError(
        `${name}: the address of the cache is not known before it is made. Nothing was changed. Give address.`,
    );
}
