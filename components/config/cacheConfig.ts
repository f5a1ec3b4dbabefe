import { z } from "zod";
import { IMAGE_GROUP_NAMES, imagesOfGroups } from "../../network/images/groups.ts";
import { Mtu } from "../../network/mtu.ts";
import { FIRST_PORT, PLANNED_UPSTREAMS, Upstream } from "../../network/pullThrough/upstream.ts";
import type { Connection } from "../../provider/host/connection.ts";

/** Where containerd's and systemd's ways of writing sizes agree. */
const size = z.string().regex(/^\d+[KMG]$/, "is not a size such as 512M");

/** A container that is made on a Proxmox host, for a cache. */
export const ContainerSettings = z.strictObject({
    nodeName: z.string().min(1).describe("Proxmox node that it runs on."),
    vmId: z.int().min(100).optional().describe("Number of the container. Default: the next free one."),
    hostname: z.string().min(1).default("clearpath-cache").describe("Host name of the container."),
    template: z
        .string()
        .min(1)
        .describe("Template of Debian 12 or later.")
        .meta({ examples: ["local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"] }),
    datastore: z.string().min(1).default("local-lvm").describe("Storage of its root disk."),
    diskGiB: z.int().min(4).default(60).describe("Size of its root disk, in GiB."),
    cores: z.int().min(1).default(2).describe("Processor cores."),
    memoryMiB: z.int().min(512).default(2048).describe("Memory, in MiB."),
    bridge: z.string().min(1).default("vmbr1").describe("Bridge of the nodes."),
    vlanId: z.int().min(1).max(4094).optional().describe("VLAN of the nodes."),
    mtu: Mtu.optional().describe("MTU of its link, in bytes. Default: the bridge's."),
    prefixLength: z.int().min(1).max(128).default(24).describe("Length of the subnet's prefix."),
    gateway: z
        .string()
        .min(1)
        .describe("Gateway of the nodes' subnet.")
        .meta({ examples: ["10.27.27.1"] }),
    dns: z.array(z.string().min(1)).optional().describe("Resolvers. Default: the Proxmox host's."),
    sshKeys: z.array(z.string().min(1)).min(1).describe("Public SSH keys that may log in as root."),
});

/** A cache in a Kubernetes cluster. */
export const ClusterCacheSettings = z.strictObject({
    address: z
        .string()
        .min(1)
        .describe("Address of the cache's service. Nodes must reach it.")
        .meta({ examples: ["10.43.0.50"] }),
    serviceType: z
        .enum(["ClusterIP", "LoadBalancer"])
        .default("ClusterIP")
        .describe("How the service gets that address."),
    namespace: z.string().min(1).default("clearpath-cache").describe("Namespace of the cache. Clearpath creates it."),
    image: z.string().min(1).default("docker.io/library/registry:3.0.0").describe("Version 3 of distribution."),
    storageClass: z.string().min(1).optional().describe("Default: the cluster's own."),
    storageGiB: z.int().min(1).default(50).describe("Size of its volume, in GiB."),
    keepFor: z
        .string()
        .regex(/^\d+h$/, "is not a time such as 720h")
        .default("720h")
        .describe("How long the cache keeps an image that nobody pulls."),
    memoryMax: z.string().min(1).default("512Mi").describe("Largest memory of each registry process."),
    nodeSelector: z
        .record(z.string(), z.string())
        .optional()
        .describe("Labels of the nodes that the cache may run on."),
});

/** Settings of a cache. `StackSettings` adds the connection to its host. */
export const CacheSettings = z.strictObject({
    placement: z
        .enum(["host", "lxc", "cluster"])
        .default("host")
        .describe(
            "`host`: on an existing Debian host. `lxc`: in a container that Clearpath makes on a Proxmox host. `cluster`: in the Kubernetes cluster.",
        ),
    name: z.string().min(1).default("registry").describe("Name of its host in resources and messages."),
    address: z
        .string()
        .min(1)
        .optional()
        .describe("Address by which nodes reach the cache. Default: the `host` of its connection."),
    upstreams: z
        .array(Upstream)
        .min(1)
        .default(PLANNED_UPSTREAMS.map(upstream => Upstream.parse(upstream)))
        .describe("Registries that are cached."),
    firstPort: z
        .int()
        .min(1024)
        .max(60000)
        .default(FIRST_PORT)
        .describe("Port of the first upstream's proxy; every upstream takes two."),
    warmGroups: z
        .array(z.enum(IMAGE_GROUP_NAMES))
        .default([])
        .describe("Groups of images that the cache pulls before a node asks for them.")
        .meta({ examples: ["[k3s, flux]"] }),
    warm: z
        .array(z.string().min(1))
        .default([])
        .describe("Further images that the cache pulls before a node asks for them."),
    platforms: z
        .array(z.string().min(1))
        .default([])
        .describe("Platforms of each image that the cache holds. Default: the platform of its host.")
        .meta({ examples: ["[linux/amd64, linux/arm64]"] }),
    parallel: z.int().min(1).max(32).default(4).describe("How many images the cache pulls at the same time."),
    sizeLimitGiB: z.int().min(1).default(50).describe("Size, in GiB, that an hourly timer keeps the cache below."),
    memoryMax: size.default("512M").describe("Largest memory of each registry process on a host."),
    metricsAddress: z
        .string()
        .min(1)
        .default("127.0.0.1")
        .describe("Address that health and metrics are served at, 1000 ports above each instance's own."),
    binary: z
        .union([
            z.strictObject({
                path: z
                    .string()
                    .regex(/^\/\S+$/, "is not an absolute path")
                    .describe("A registry on the host."),
            }),
            z.strictObject({
                url: z.url({ protocol: /^https?$/ }).describe("A registry's binary, or a release's archive."),
                sha256: z
                    .string()
                    .regex(/^[0-9a-fA-F]{64}$/, "is not a SHA-256")
                    .describe("Its SHA-256, in hexadecimal digits."),
            }),
        ])
        .optional()
        .describe("Version 3 of distribution, in place of Debian's docker-registry."),
    adopt: z
        .boolean()
        .default(false)
        .describe(
            "Whether Clearpath takes over a registries.yaml that it did not write. It keeps a copy and puts that back on destroy.",
        ),
    container: ContainerSettings.optional().describe("The container, for placement lxc."),
    cluster: ClusterCacheSettings.optional().describe("The cluster's part, for placement cluster."),
});
export type CacheSettings = z.output<typeof CacheSettings>;

/** What a placement needs and the settings lack, as a key and a sentence; undefined when nothing. */
export function missingForPlacement(
    { placement, container, cluster }: CacheSettings,
    hasConnection: boolean,
): { key: string; sentence: string } | undefined {
    const needed = { host: [], lxc: ["container"], cluster: ["cluster"] }[placement];
    const given = { container, cluster };
    const absent = needed.find(key => given[key as keyof typeof given] === undefined);
    if (absent !== undefined) return { key: absent, sentence: `It is missing. Placement ${placement} needs it.` };
    if (placement === "cluster" || hasConnection) return undefined;
    return {
        key: "connection",
        sentence: `It is missing. Placement ${placement} needs it: the cache is set up over SSH.`,
    };
}

/** Arguments of the cache from its settings, which lack nothing. */
export function cacheArgs(settings: CacheSettings, connection: z.input<typeof Connection> | undefined) {
    const { placement, name, container, cluster, warm, warmGroups, ...shared } = settings;
    const common = { ...shared, warm: [...new Set([...imagesOfGroups(warmGroups), ...warm])] };
    if (placement === "cluster") return { ...common, placement: "cluster" as const, cluster: cluster! };
    const host = { name, connection: connection! };
    return placement === "lxc"
        ? { ...common, placement: "lxc" as const, host, container: container! }
        : { ...common, placement: "host" as const, host };
}
