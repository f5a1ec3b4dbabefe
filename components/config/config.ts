import { z } from "zod";
import { faultOfCidr } from "../../network/cidr.ts";
import { SMALLEST_MSS } from "../../network/mss.ts";
import { LARGEST_MTU, Mtu, PLANNED_NODE_MTU } from "../../network/mtu.ts";
import { Endpoint, ProbePlan } from "../../network/probe/plan.ts";
import { MirrorSetting } from "../../network/pullThrough/decision.ts";
import { Connection, JumpHost } from "../../provider/host/connection.ts";
import { CacheSettings } from "./cacheConfig.ts";

/** Namespace of the program's keys in `Pulumi.<stack>.yaml`. */
export const CONFIG_NAMESPACE = "clearpath";

/** Services the cluster's nodes need: the registries of the plan, and the API that External Secrets calls. */
export const PLANNED_ENDPOINTS: z.input<typeof Endpoint>[] = [
    { host: "ghcr.io" },
    { host: "registry-1.docker.io" },
    { host: "quay.io" },
    { host: "registry.k8s.io" },
    { host: "oci.external-secrets.io" },
    // Doppler answers a request without a token by 401: that is the service itself.
    { host: "api.doppler.com", kind: "api", path: "/v3/me" },
];

/** One image from each registry, small or needed early in the cluster's life. */
export const PLANNED_IMAGES = [
    "ghcr.io/fluxcd/source-controller:v1.6.2",
    "docker.io/library/busybox:1.37.0",
    "quay.io/jetstack/cert-manager-controller:v1.18.2",
    "registry.k8s.io/pause:3.10",
    "oci.external-secrets.io/external-secrets/external-secrets:v0.18.2",
];

const cidr = z
    .string()
    .superRefine((text, context) => {
        const fault = faultOfCidr(text);
        if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    })
    .meta({ examples: ["10.27.27.0/24"] });

const link = z
    .string()
    .regex(/^[^\s"*/:]{1,15}$/, "is not the name of a network link")
    .meta({ examples: ["eth0"] });

const hostName = z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "is not a name of letters, digits, dots and dashes")
    .meta({ examples: ["worker1"] });

const mss = (family: "ipv4" | "ipv6") =>
    z
        .int()
        .min(SMALLEST_MSS[family])
        .max(LARGEST_MTU)
        .meta({ examples: [family === "ipv4" ? 1340 : 1320] });

const pathMtu = Mtu.meta({ examples: [1380] });

/** A connection as it is written, before the defaults under `ssh` are merged into it. */
export const GivenConnection = withoutDefaults(Connection)
    .extend({ proxy: withoutDefaults(JumpHost).optional() })
    .meta({ examples: ["{ host: 10.27.27.11 }"] });

/** Connection arguments that hosts share. */
export const SharedConnection = GivenConnection.omit({ host: true });

/** A node of the cluster. */
export const NodeSettings = z
    .strictObject({
        name: hostName.describe("Name of the node: its vantage point's name in reports and verdicts."),
        role: z.enum(["server", "agent"]).describe("What the node is in K3s."),
        connection: GivenConnection.describe("How the node is reached by SSH."),
        link: link
            .default("eth0")
            .describe("The node's link towards its gateway.")
            .meta({ examples: ["eth0"] }),
    })
    .meta({ examples: ["{ name: cp1, role: server, connection: { host: 10.27.27.11 } }"] });

/** The host between the nodes and the internet. */
export const GatewaySettings = z
    .strictObject({
        name: hostName.default("gateway").describe("Name of the host in reports and verdicts."),
        connection: GivenConnection.describe("How the host is reached by SSH."),
        mode: z
            .enum(["auto", "routed", "bridged", "nodes"])
            .default("auto")
            .describe("Where to clamp: on this host as it routes or bridges, or on every node. `auto` finds out."),
        egressLink: link
            .optional()
            .describe("The host's link towards the internet. Default: every link that leads out of the node subnets.")
            .meta({ examples: ["vmbr0"] }),
        vmBridge: link
            .optional()
            .describe("The bridge that the nodes are ports of. Default: found by the MAC address of their gateway.")
            .meta({ examples: ["vmbr1"] }),
    })
    .meta({ examples: ["{ name: pve, connection: { host: 192.168.1.2 } }"] });

/** Keys of a probe's plan, with the plan's own endpoints and images as defaults. */
const Probe = ProbePlan.extend({
    endpoints: z
        .array(Endpoint)
        .min(1)
        .default(PLANNED_ENDPOINTS.map(endpoint => Endpoint.parse(endpoint)))
        .describe("Services to call."),
    images: z.array(z.string().min(1)).default(PLANNED_IMAGES).describe("Images that every node pulls for real."),
});

/** What a stack's configuration may hold, key by key. */
export const StackSettings = z.strictObject({
    gateway: GatewaySettings.optional().describe(
        "The Proxmox host between the nodes and the internet. Without it every node clamps for itself.",
    ),
    nodes: z
        .array(NodeSettings)
        .min(1)
        .describe("The cluster's nodes.")
        .meta({ examples: ["[{ name: cp1, role: server, connection: { host: 10.27.27.11 } }]"] }),
    nodeSubnets: z
        .array(cidr)
        .min(1)
        .describe("Subnets of the nodes, in CIDR notation.")
        .meta({ examples: ["[10.27.27.0/24]"] }),
    podSubnets: z
        .array(cidr)
        .default([])
        .describe("Subnets of pods whose packets leave the nodes unmasqueraded.")
        .meta({ examples: ["[10.42.0.0/16]"] }),
    nodeMtu: Mtu.default(PLANNED_NODE_MTU)
        .describe("MTU of the nodes' links, in bytes.")
        .meta({ examples: [PLANNED_NODE_MTU] }),
    mss: z
        .union([
            z.literal("auto"),
            mss("ipv4"),
            z.strictObject({ ipv4: mss("ipv4").optional(), ipv6: mss("ipv6").optional() }),
        ])
        .default("auto")
        .describe(
            "MSS to clamp to, in bytes: what the path MTU leaves (less where probes show that large packets still vanish), IPv4's, or each IP version's.",
        )
        .meta({ examples: ["auto, 1340 or { ipv4: 1340, ipv6: 1320 }"] }),
    pathMtu: z
        .union([
            z.literal("auto"),
            z.strictObject({
                ipv4: pathMtu.nullable().default(null),
                ipv6: pathMtu.nullable().default(null),
            }),
        ])
        .default("auto")
        .describe(
            "Path MTU to the internet, in bytes: `auto` measures it; write a number where you know the path better.",
        )
        .meta({ examples: ["auto or { ipv4: 1380, ipv6: 1380 }"] }),
    prerequisites: z
        .boolean()
        .default(false)
        .describe("Whether to install nftables and python3 on hosts that lack them, by `@pulumi/command` and apt."),
    mirror: MirrorSetting.default("never").describe(
        "Whether the nodes pull through a cache. `auto`: when the last verdict was not stable although the MSS search had ended.",
    ),
    cache: CacheSettings.extend({
        connection: GivenConnection.optional().describe("How the cache's host is reached by SSH."),
    })
        .optional()
        .describe("The cache that nodes pull through.")
        .meta({ examples: ["{ connection: { host: 10.27.27.5 } }"] }),
    ssh: SharedConnection.default({})
        .describe("Connection arguments that every host shares; a host's own arguments come first.")
        .meta({ examples: ["{ user: root, privateKeyPath: ~/.ssh/id_ed25519 }"] }),
    sshPassword: z
        .string()
        .min(1)
        .optional()
        .describe("Password of every host that has none of its own.")
        .meta({ secret: true }),
    sshPrivateKey: z
        .string()
        .min(1)
        .optional()
        .describe("Text of the private key of every host that has none of its own.")
        .meta({ secret: true }),
    probe: Probe.prefault({}).describe("What the probes call and pull, how often, and for how long."),
});
export type StackSettings = z.output<typeof StackSettings>;

type WithoutDefaults<Shape extends z.ZodRawShape> = {
    [Key in keyof Shape]: Shape[Key] extends z.ZodDefault<infer Inner> ? z.ZodOptional<Inner> : Shape[Key];
};

/** The same object without its defaults, so that what was left out stays absent and can come from elsewhere. */
function withoutDefaults<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape, z.core.$strict>) {
    const shape = Object.entries(schema.shape).map(([key, field]) => {
        if (!(field instanceof z.ZodDefault)) return [key, field];
        const inner = field.unwrap() as z.ZodType;
        return [key, inner.optional().meta(z.globalRegistry.get(field) ?? {})];
    });
    return z.strictObject(Object.fromEntries(shape) as WithoutDefaults<Shape>);
}
