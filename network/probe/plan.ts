import { z } from "zod";

/** One service that nodes must reach, and how a probe talks to it. */
export const Endpoint = z.strictObject({
    host: z.string().min(1).describe("Host name, as clients spell it, e.g. `ghcr.io`."),
    port: z.int().min(1).max(65535).default(443).describe("TCP port."),
    kind: z
        .enum(["registry", "api"])
        .default("registry")
        .describe("`registry` walks token, manifest and blob; `api` sends one GET."),
    path: z.string().startsWith("/").default("/v2/").describe("Path of the first request."),
    expectStatus: z
        .array(z.int().min(100).max(599))
        .default([200, 401])
        .describe("HTTP statuses that count as an answer from the service itself."),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** What the sequential test decides between: see `sequentialTest`. */
export const Stability = z.strictObject({
    stableRate: z.number().gt(0.5).lt(1).default(0.99).describe("Success rate that counts as stable."),
    unstableRate: z.number().gt(0).lt(1).default(0.95).describe("Success rate that counts as unstable."),
    confidence: z.number().gt(0.5).lt(1).default(0.95).describe("Confidence of either decision."),
    slowMs: z
        .number()
        .positive()
        .default(3000)
        .describe("Name resolutions and TLS handshakes slower than this count as failed: they got around a fault."),
});
export type Stability = z.infer<typeof Stability>;

/** What one vantage point is asked to do. It is sent to the agent as one JSON object. */
export const ProbePlan = z.strictObject({
    endpoints: z.array(Endpoint).min(1).describe("Services to call."),
    images: z
        .array(z.string())
        .default([])
        .describe("Image references to pull for real, where the host has a container runtime."),
    rounds: z
        .int()
        .min(1)
        .max(1000)
        .default(20)
        .describe(
            "Connections for each endpoint, and as many again where a few failures leave it undecided; source ports differ.",
        ),
    pullRounds: z.int().min(0).max(20).default(1).describe("Pulls of each image."),
    pullTimeoutSeconds: z.number().positive().max(600).default(60).describe("Longest wait for one pull."),
    pathMtu: z.boolean().default(true).describe("Whether to search the path MTU in both directions."),
    pathMtuFlows: z
        .int()
        .min(1)
        .max(64)
        .default(16)
        .describe(
            "Flows walked for each IP version and direction. An ECMP path with a third of the flows is missed once in 650 runs with 16.",
        ),
    neighbours: z
        .array(z.union([z.ipv4(), z.ipv6()]))
        .default([])
        .describe("Addresses in the hosts' own network that packets as large as the link must reach."),
    families: z
        .array(z.enum(["ipv4", "ipv6"]))
        .default(["ipv4", "ipv6"])
        .describe("IP versions to walk, where the host has them."),
    timeoutSeconds: z
        .number()
        .positive()
        .max(120)
        .default(10)
        .describe("Longest wait of one phase; containerd gives a TLS handshake 10 s."),
    parallel: z.int().min(1).max(64).default(24).describe("Connections open at once."),
    ratePerEndpoint: z.number().positive().default(5).describe("Connections per second to one endpoint at most."),
    budgetSeconds: z
        .number()
        .positive()
        .max(3600)
        .default(60)
        .describe("Time after which the agent stops starting anything."),
    stability: Stability.default(Stability.parse({})).describe(
        "When a run counts as stable, and how sure that must be.",
    ),
});
export type ProbePlan = z.infer<typeof ProbePlan>;
