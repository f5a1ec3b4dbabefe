import { z } from "zod";

/** How one connection ended, told apart by the phase that failed. */
export const FailureKind = z.enum([
    "dns",
    "refused",
    "reset",
    "unreachable",
    "emsgsize",
    "connect-timeout",
    "tls-timeout",
    "tls-alert",
    "certificate",
    "first-byte-timeout",
    "body-timeout",
    "reputation",
    "rate-limit",
    "http",
    "pull",
    "local",
]);
export type FailureKind = z.infer<typeof FailureKind>;

/** Order statistics of successful attempts, in milliseconds. */
export const Latency = z.object({ median: z.number(), p95: z.number(), p99: z.number() });

/** One connection of one round. Times are milliseconds from its own start; absent where the phase was not reached. */
export const Sample = z.object({
    id: z.string().describe("Unique in a report, named by `evidence[]` of a verdict."),
    endpoint: z.string(),
    family: z.enum(["ipv4", "ipv6"]).optional(),
    hello: z.enum(["small", "large"]).optional().describe("Size of the ClientHello sent."),
    flow: z.enum(["api", "token", "manifest", "blob", "ping"]).optional(),
    at: z.number().describe("Seconds since the agent started."),
    sourcePort: z.int().optional(),
    remote: z.string().optional().describe("Remote address."),
    dnsMs: z.number().optional(),
    connectMs: z.number().optional(),
    tlsMs: z.number().optional(),
    firstByteMs: z.number().optional(),
    totalMs: z.number(),
    status: z.int().optional().describe("HTTP status."),
    bytesSeen: z.int().optional().describe("Bytes received before the failure."),
    bytesAcked: z.int().optional().describe("Bytes the peer acknowledged (tcpi_bytes_acked)."),
    failure: FailureKind.optional().describe("Absent when the attempt succeeded."),
    message: z.string().optional(),
});
export type Sample = z.infer<typeof Sample>;

export const EndpointResult = z.object({
    endpoint: z.string(),
    attempts: z.int(),
    succeeded: z.int(),
    failures: z.partialRecord(FailureKind, z.int()).describe("Count of each kind of failure."),
    latency: Latency.nullable().describe("Of the whole attempt; null when none succeeded."),
    slow: z.int().describe("Successes whose TLS phase took over 3 s: TCP found its way through a hole."),
});
export type EndpointResult = z.infer<typeof EndpointResult>;

export const PullResult = z.object({
    image: z.string(),
    attempts: z.int(),
    succeeded: z.int(),
    seconds: z.number().nullable().describe("Median of the successful pulls."),
    via: z.enum(["crictl", "ctr", "agent"]).describe("What pulled: a container runtime's client, or the agent itself."),
    error: z.string().nullable().describe("Last error, in the runtime's words."),
});
export type PullResult = z.infer<typeof PullResult>;

/** Largest packet proven to pass in one direction, in bytes. `at-least` when something smaller than the path bounds it. */
export const MeasuredMtu = z.object({
    bytes: z.int(),
    bound: z.enum(["exact", "at-least"]),
    paths: z.array(z.int()).describe("One value for each flow walked, so that unequal ECMP paths show."),
    icmpSeen: z.boolean().describe("Whether a frag-needed or packet-too-big came back."),
    silent: z.boolean().describe("Whether larger packets vanished without any answer: a black hole."),
});
export type MeasuredMtu = z.infer<typeof MeasuredMtu>;

const PathMtuOfFamily = z.object({ download: MeasuredMtu.nullable(), upload: MeasuredMtu.nullable() }).nullable();
export const PathMtuResult = z.object({ ipv4: PathMtuOfFamily, ipv6: PathMtuOfFamily });
export type PathMtuResult = z.infer<typeof PathMtuResult>;

/** What the host itself says about its network. */
export const HostNetworkFacts = z.object({
    machineId: z.string(),
    kernel: z.string(),
    links: z.array(
        z.object({
            name: z.string(),
            mtu: z.int(),
            master: z.string().nullable(),
            kind: z.string().nullable(),
            up: z.boolean(),
            mac: z.string().nullable(),
        }),
    ),
    defaultRoute: z.partialRecord(
        z.enum(["ipv4", "ipv6"]),
        z.object({
            link: z.string(),
            gateway: z.string().nullable(),
            mtu: z.int().nullable(),
            advmss: z.int().nullable(),
            gatewayMac: z.string().nullable().describe("Of the neighbour table: tells who routes."),
        }),
    ),
    pmtuCache: z.array(z.object({ destination: z.string(), mtu: z.int() })),
    resolvers: z.array(z.string()),
    conntrack: z.object({ count: z.int(), max: z.int() }).nullable(),
    tcpMtuProbing: z.int().nullable(),
    icmpFragNeededReceived: z.int().nullable().describe("InDestUnreachs-derived count, v4 and v6 added, over the run."),
    clampCounters: z.array(z.object({ table: z.string(), chain: z.string(), packets: z.int() })),
});
export type HostNetworkFacts = z.infer<typeof HostNetworkFacts>;

/** Everything one vantage point found in one run. */
export const VantageReport = z.object({
    version: z.literal(1),
    vantagePoint: z.string().describe("Name of the host."),
    role: z.enum(["gateway", "server", "agent", "pod", "host"]),
    startedAt: z.iso.datetime().describe("By the runner's clock."),
    seconds: z.number(),
    complete: z.boolean().describe("False when the run was cut short; `incompleteReason` says why."),
    incompleteReason: z.string().nullable(),
    endpoints: z.array(EndpointResult),
    pulls: z.array(PullResult),
    pathMtu: PathMtuResult,
    facts: HostNetworkFacts,
    stability: z.enum(["stable", "unstable", "inconclusive"]),
    samples: z.array(Sample).describe("Every connection; left out of a stack's state."),
});
export type VantageReport = z.infer<typeof VantageReport>;
