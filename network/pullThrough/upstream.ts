import { z } from "zod";

const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?$/;

/** Ports of one upstream's two instances: the proxy, and the next one for its read-only twin. */
const port = z.int().min(1024).max(65534);

/** A registry that is cached. */
export const Upstream = z.strictObject({
    registry: z
        .string()
        .regex(HOST, "is not a registry's name as in image references, such as ghcr.io")
        .describe("Name of the registry in image references.")
        .meta({ examples: ["ghcr.io"] }),
    url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("Where the registry is asked. Default: https and its name; Docker Hub's own for docker.io."),
    aliases: z
        .array(z.string().regex(HOST, "is not a registry's name, such as oci.external-secrets.io"))
        .default([])
        .describe("Other names under which image references call the same repositories."),
    port: port
        .optional()
        .describe(
            "Port of its proxy; the twin has the next one. Default: counted from `firstPort` in the order given.",
        ),
    username: z.string().min(1).optional().describe("User that the upstream is asked as."),
    password: z.string().min(1).optional().describe("Password or token of that user.").meta({ secret: true }),
});
export type Upstream = z.output<typeof Upstream>;

/** Registries of the plan. External Secrets' own name redirects to GitHub's and is being retired. */
export const PLANNED_UPSTREAMS: z.input<typeof Upstream>[] = [
    { registry: "docker.io" },
    { registry: "ghcr.io", aliases: ["oci.external-secrets.io"] },
    { registry: "quay.io" },
    { registry: "registry.k8s.io" },
];

/** First port of a cache unless it is set: the one registries have by custom. */
export const FIRST_PORT = 5000;

/** An upstream with everything that its two instances are made of. */
export interface CachedUpstream {
    registry: string;
    aliases: readonly string[];
    url: string;
    /** Word for names of units, files and directories. */
    slug: string;
    proxyPort: number;
    twinPort: number;
    /** Port of health and metrics, for the proxy and for the twin. */
    metricsPorts: { proxy: number; twin: number };
}

/** Metrics are served this many ports above the registry itself. */
const METRICS_OFFSET = 1000;

/**
 * Gives every upstream its ports. Throws a RangeError with one sentence when two names or two ports are the same, or
 * when there is no port left.
 */
export function cachedUpstreams(
    upstreams: readonly Omit<Upstream, "password">[],
    firstPort = FIRST_PORT,
): CachedUpstream[] {
    const cached = upstreams.map(({ registry, aliases, url, port }, index) => {
        const proxyPort = port ?? firstPort + 2 * index;
        return {
            registry,
            aliases,
            url: (url ?? `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`).replace(/\/$/, ""),
            slug: registry.replace(":", "-"),
            proxyPort,
            twinPort: proxyPort + 1,
            metricsPorts: { proxy: proxyPort + METRICS_OFFSET, twin: proxyPort + 1 + METRICS_OFFSET },
        };
    });
    const names = cached.flatMap(({ registry, aliases }) => [registry, ...aliases]);
    const sameName = names.find((name, index) => names.indexOf(name) !== index);
    if (sameName !== undefined) throw new RangeError(`${sameName} is cached twice. Name every registry once.`);
    const ports = cached.flatMap(({ proxyPort, twinPort, metricsPorts }) => [
        proxyPort,
        twinPort,
        ...Object.values(metricsPorts),
    ]);
    const samePort = ports.find((one, index) => ports.indexOf(one) !== index);
    if (samePort !== undefined)
        throw new RangeError(
            `Port ${samePort} is used twice. An upstream takes its port, the next one, and both plus ${METRICS_OFFSET}.`,
        );
    const outside = ports.find(one => one > 65535);
    if (outside !== undefined) throw new RangeError(`There is no port ${outside}. Choose lower ones.`);
    return cached;
}
