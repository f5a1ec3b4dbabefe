import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
    type Distribution,
    proxyConfig,
    type RegistryConfigOptions,
    storageDirectory,
    twinConfig,
} from "../../network/pullThrough/registryConfig.ts";
import {
    evictUnit,
    FETCH_UNIT,
    type FetchedBinary,
    fetchedBinaryPath,
    fetchUnit,
    GIVE_UP_UNIT,
    giveUpUnit,
    registryConfigPath,
    registryUnit,
    registryUnitName,
    TLS_FILES,
    timer,
    UPKEEP_FILES,
    UPKEEP_UNITS,
    warmUnit,
} from "../../network/pullThrough/units.ts";
import type { CachedUpstream } from "../../network/pullThrough/upstream.ts";
import { evictProgram, fetchProgram, warmProgram } from "../../provider/cache/programs.ts";
import { File } from "../../provider/resources/file.ts";
import { Packages } from "../../provider/resources/packages.ts";
import type { ServerCertificate } from "../../provider/resources/serverCertificate.ts";
import { SystemdUnit } from "../../provider/resources/systemdUnit.ts";
import type { WarmTask } from "../../provider/resources/warmImages.ts";
import type { ConnectionArgs } from "../arguments.ts";

/** Debian's package of distribution 2.8, and where it puts the program. */
const DEBIAN_PACKAGE = { name: "docker-registry", program: "/usr/bin/docker-registry" };

/** A registry's binary on the host, or one to fetch: distribution 3. */
export type RegistryBinary = { path: string } | FetchedBinary;

export interface HostCacheArgs {
    connection: ConnectionArgs;
    upstreams: readonly CachedUpstream[];
    /** By the registry's name. */
    credentials: Readonly<Record<string, pulumi.Input<{ username: string; password: string }> | undefined>>;
    tls: ServerCertificate;
    /** Default: Debian's docker-registry. */
    binary?: RegistryBinary;
    sizeLimitGiB: number;
    memoryMax: string;
    metricsAddress: string;
    /** What the timer pulls again. */
    warm: pulumi.Input<WarmTask>;
}

/** When the timers start their units, as systemd writes times. */
const HOURLY = "hourly";
const AT_NIGHT = "*-*-* 03:30:00";

/**
 * The cache on one Debian host: for every upstream a proxy and its read-only twin as units of their own, the eviction and
 * the warming as timers. Returns the units: resources that use the cache must depend on them.
 */
export function cacheOnHost(name: string, args: HostCacheArgs, opts: pulumi.CustomResourceOptions): SystemdUnit[] {
    const { connection, tls, binary } = args;
    const names = ["ca-certificates", "procps", "python3", ...(binary === undefined ? [DEBIAN_PACKAGE.name] : [])];
    const packages = new Packages(`${name}-packages`, { connection, packages: names }, opts);
    const host = new CacheHost(name, connection, { ...opts, dependsOn: packages });

    const identity = [
        host.file("certificate", TLS_FILES.certificate, tls.certificate),
        host.file("key", TLS_FILES.key, tls.privateKey, "0600"),
    ];
    const engine = engineOf(host, binary);
    const givingUp = host.unit("give-up", { unit: GIVE_UP_UNIT, content: giveUpUnit() }, []);
    const registries = args.upstreams.flatMap(upstream => {
        const proxy = registry(host, args, {
            upstream,
            kind: "proxy",
            engine,
            identity,
            after: [...engine.fetching, givingUp],
        });
        // The storage that they share goes with the proxy, so the twin is gone before.
        const twin = registry(host, args, { upstream, kind: "twin", engine, identity, after: [proxy] });
        return [proxy, twin];
    });
    return [...registries, ...upkeep(host, args, registries)];
}

/** Things on the one host, all with its connection, and made once its packages are there. */
class CacheHost {
    readonly #name: string;
    readonly #connection: ConnectionArgs;
    readonly #opts: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource };
    readonly #firstOf = new Map<string, File>();

    constructor(
        name: string,
        connection: ConnectionArgs,
        opts: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource },
    ) {
        this.#name = name;
        this.#connection = connection;
        this.#opts = opts;
    }

    file(what: string, path: string, content: pulumi.Input<string>, mode = "0644"): File {
        const args = { connection: this.#connection, path, content, mode };
        // The file that a directory was made for takes it away again, so it goes last.
        const first = this.#firstOf.get(posix.dirname(path));
        const dependsOn = [this.#opts.dependsOn, ...(first ? [first] : [])];
        const file = new File(`${this.#name}-${what}`, args, { ...this.#opts, dependsOn });
        if (!first) this.#firstOf.set(posix.dirname(path), file);
        return file;
    }

    unit(
        what: string,
        args: { unit: string; content: pulumi.Input<string>; removeDirectories?: boolean },
        after: readonly pulumi.Resource[],
    ): SystemdUnit {
        const dependsOn = [this.#opts.dependsOn, ...after];
        return new SystemdUnit(
            `${this.#name}-${what}`,
            { connection: this.#connection, ...args },
            { ...this.#opts, dependsOn },
        );
    }
}

/** What the units run, and what brings it. */
interface Engine {
    program: string;
    distribution: Distribution;
    fetchedBy?: string;
    fetching: SystemdUnit[];
}

function engineOf(host: CacheHost, binary: RegistryBinary | undefined): Engine {
    if (binary === undefined) return { program: DEBIAN_PACKAGE.program, distribution: 2, fetching: [] };
    if ("path" in binary) return { program: binary.path, distribution: 3, fetching: [] };
    const program = host.file("fetch-program", UPKEEP_FILES.fetch, fetchProgram(), "0755");
    const unit = host.unit("fetch", { unit: FETCH_UNIT, content: fetchUnit(binary), removeDirectories: true }, [
        program,
    ]);
    return { program: fetchedBinaryPath(binary), distribution: 3, fetchedBy: FETCH_UNIT, fetching: [unit] };
}

/** One instance of an upstream: its configuration, and the unit that runs it. */
function registry(
    host: CacheHost,
    { metricsAddress, memoryMax, credentials }: HostCacheArgs,
    {
        upstream,
        kind,
        engine,
        identity,
        after,
    }: {
        upstream: CachedUpstream;
        kind: "proxy" | "twin";
        engine: Engine;
        identity: readonly File[];
        after: readonly pulumi.Resource[];
    },
): SystemdUnit {
    const { program, distribution, fetchedBy } = engine;
    const storage = `/var/cache/${storageDirectory(upstream)}`;
    const settings: RegistryConfigOptions = { upstream, storage, distribution, metricsAddress };
    const asked = credentials[upstream.registry];
    const content =
        kind === "twin"
            ? twinConfig(settings)
            : asked === undefined
              ? proxyConfig(settings)
              : pulumi.secret(asked).apply(credentials => proxyConfig({ ...settings, credentials }));
    const what = `${upstream.slug}-${kind}`;
    const config = host.file(`${what}-config`, registryConfigPath(upstream, kind), content, "0600");
    const revision = pulumi.all([...identity, config].map(({ appliedAt }) => appliedAt)).apply(all => all.join(" "));
    const unit = {
        unit: registryUnitName(upstream, kind),
        content: revision.apply(revision => registryUnit({ upstream, kind, program, fetchedBy, memoryMax, revision })),
        removeDirectories: kind === "proxy",
    };
    return host.unit(what, unit, after);
}

/** The eviction and the warming: a timer each, and the unit that it starts, which runs at no other time. */
function upkeep(host: CacheHost, args: HostCacheArgs, registries: readonly SystemdUnit[]): SystemdUnit[] {
    const { upstreams, sizeLimitGiB, warm } = args;
    const task = pulumi.output(warm).apply(task => `${JSON.stringify(task, null, 2)}\n`);
    const jobs = [
        {
            job: "evict",
            description: "Keep Clearpath's image cache within its size",
            when: HOURLY,
            content: evictUnit(upstreams, sizeLimitGiB),
            files: [host.file("evict-program", UPKEEP_FILES.evict, evictProgram(), "0755")],
        },
        {
            job: "warm",
            description: "Pull the images that Clearpath's image cache should hold",
            when: AT_NIGHT,
            content: warmUnit(),
            files: [
                host.file("warm-program", UPKEEP_FILES.warm, warmProgram(), "0755"),
                host.file("warm-task", UPKEEP_FILES.warmTask, task),
            ],
        },
    ] as const;
    return jobs.map(({ job, description, when, content, files }) => {
        const names = UPKEEP_UNITS[job];
        const service = host.file(`${job}-service`, `/etc/systemd/system/${names.service}`, content);
        const unit = {
            unit: names.timer,
            content: service.appliedAt.apply(revision => timer(description, when, revision)),
        };
        return host.unit(`${job}-timer`, unit, [service, ...files, ...registries]);
    });
}
