import { z } from "zod";

/** How one connection ended, told apart by the phase that failed. */
export const FailureKind = z.enum([
    /** The name was not resolved, or not in time. */
    "dns",
    /** The port answered with a reset, or a firewall rejected with ICMP port unreachable. */
    "refused",
    /** An established connection was cut. */
    "reset",
    /** ICMP said that there is no way there, or the host has no route. */
    "unreachable",
    /** The host itself refused to send a packet of this size. */
    "emsgsize",
    /** No SYN-ACK in time. */
    "connect-timeout",
    /** Connected, and the handshake did not end in time: see `bytesSeen` and `bytesAcked`. */
    "tls-timeout",
    /** The server refused the handshake with an alert. */
    "tls-alert",
    /** The certificate is not trusted: unknown issuer, expired, wrong name. */
    "certificate",
    /** The request was sent and no answer came in time. */
    "first-byte-timeout",
    /** The answer began and stopped. */
    "body-timeout",
    /** 403 where the service answers others: it refuses our address. */
    "reputation",
    /** 429. */
    "rate-limit",
    /** Any other status that the plan does not expect. */
    "http",
    /** The host itself failed, e.g. no free source port. */
    "local",
]);
export type FailureKind = z.infer<typeof FailureKind>;

/** Order statistics of successful attempts, in milliseconds. */
export const Latency = z.object({ median: z.number(), p95: z.number(), p99: z.number() });
export type Latency = z.infer<typeof Latency>;

/** One connection of one round. Times are milliseconds from its own start; absent where the phase was not reached. */
export const Sample = z.object({
    id: z.string().describe("Unique in a report, named by `evidence[]` of a verdict."),
    endpoint: z.string().describe("Host of the endpoint that the request was made for."),
    contacted: z.string().optional().describe("Host that was called, where it is another: token and blob services."),
    family: z.enum(["ipv4", "ipv6"]).optional(),
    hello: z.enum(["small", "large"]).optional().describe("Size of the ClientHello sent."),
    flow: z
        .enum(["api", "authenticated", "token", "manifest", "blob", "ping"])
        .optional()
        .describe("What was asked for; `authenticated` is an API's call with a token."),
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
    retransmits: z.int().optional().describe("Segments that this side had to send again (tcpi_total_retrans)."),
    failure: FailureKind.optional().describe("Absent when the attempt succeeded."),
    message: z.string().optional(),
});
export type Sample = z.infer<typeof Sample>;

/** Attempts of one endpoint by whom they called: its own host, or the token or blob service that it sends clients to. */
export const Place = z.object({
    host: z.string(),
    family: z.enum(["ipv4", "ipv6"]).nullable().describe("Null where the name was not resolved."),
    attempts: z.int(),
    failures: z.partialRecord(FailureKind, z.int()),
});
export type Place = z.infer<typeof Place>;

export const EndpointResult = z.object({
    endpoint: z.string(),
    attempts: z.int(),
    succeeded: z.int(),
    failures: z.partialRecord(FailureKind, z.int()).describe("Count of each kind of failure."),
    latency: Latency.nullable().describe("Of the whole attempt; null when none succeeded."),
    slow: z.int().describe("Successes whose TLS phase took over 3 s: TCP found its way through a hole."),
    slowDns: z.int().describe("Successes whose name was resolved only after 3 s: the resolver had to be asked again."),
    repeated: z.int().describe("Successes in which this side had to send a SYN or a segment again: packets were lost."),
    synRepeated: z
        .int()
        .optional()
        .describe("Those of them that sent a SYN again, and came about a second late; absent in old reports."),
    byHello: z
        .partialRecord(z.enum(["small", "large"]), z.object({ attempts: z.int(), failed: z.int() }))
        .describe("Attempts by the size of the ClientHello: an upload hole spares the small one."),
    byPlace: z.array(Place).optional().describe("Attempts by host and IP version called; absent in old reports."),
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

/** One pull of one image. `seconds` is how long it took, whether it succeeded or not. */
export const PullAttempt = z.object({
    image: z.string(),
    succeeded: z.boolean(),
    seconds: z.number(),
    via: PullResult.shape.via,
    error: z.string().nullable(),
});
export type PullAttempt = z.infer<typeof PullAttempt>;

/**
 * Largest packet proven to pass in one direction, in bytes. `exact`: one byte more was proven not to pass, and with
 * several paths it is the smallest of them. `at-least`: larger ones could not be tried, because `limitedBy` bounds them.
 */
export const MeasuredMtu = z.object({
    bytes: z.int(),
    bound: z.enum(["exact", "at-least"]),
    limitedBy: z
        .enum(["link", "peer"])
        .nullable()
        .describe(
            "What bounds an `at-least`: this host's own link or route, or the MSS that the SYNs agreed on (a clamp).",
        ),
    paths: z.array(z.int()).describe("One value for each flow walked, so that unequal ECMP paths show."),
    icmpSeen: z.boolean().describe("Whether a frag-needed or packet-too-big came back."),
    silent: z.boolean().describe("Whether larger packets vanished without any answer: a black hole."),
    probes: z.int().describe("Oversize packets spent on it, over all flows."),
});
export type MeasuredMtu = z.infer<typeof MeasuredMtu>;

const PathMtuOfFamily = z.object({ download: MeasuredMtu.nullable(), upload: MeasuredMtu.nullable() }).nullable();
export const PathMtuResult = z.object({ ipv4: PathMtuOfFamily, ipv6: PathMtuOfFamily });
export type PathMtuResult = z.infer<typeof PathMtuResult>;

/** What the host itself says about its network. */
export const HostNetworkFacts = z.object({
    machineId: z.string().describe("Of /etc/machine-id; empty where the host has none."),
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
    neighbours: z
        .array(
            z.object({
                address: z.string(),
                tried: z.int().describe("Bytes: the link's MTU."),
                passed: z.int().nullable().describe("Largest packet that was answered; null when none was."),
            }),
        )
        .optional()
        .describe("Hosts of the same network, and the packets that reach them; absent in old reports."),
    conntrack: z
        .object({
            count: z.int(),
            max: z.int(),
            refused: z
                .int()
                .optional()
                .describe("Connections that NAT had no source port, or the table no room for, during the run."),
        })
        .nullable(),
    tcpMtuProbing: z.int().nullable(),
    icmpFragNeededReceived: z.int().nullable().describe("InDestUnreachs-derived count, v4 and v6 added, over the run."),
    clampCounters: z
        .array(z.object({ table: z.string(), chain: z.string(), packets: z.int() }))
        .describe("nftables rules that set the MSS option, and the packets each has met. Empty without nft."),
    icmpDropRules: z
        .array(z.object({ table: z.string(), chain: z.string(), hook: z.string(), rule: z.string() }))
        .describe("nftables rules that drop or reject frag-needed or packet-too-big, as nft prints them."),
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

/** A report without its single connections: what a stack's state keeps, and enough for a verdict. */
export const VantageSummary = VantageReport.omit({ samples: true });
export type VantageSummary = z.infer<typeof VantageSummary>;
