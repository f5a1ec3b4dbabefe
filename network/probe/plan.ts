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
        .describe("Connections for each endpoint; source ports differ in every one."),
    pullRounds: z.int().min(0).max(20).default(1).describe("Pulls of each image."),
    pathMtu: z.boolean().default(true).describe("Whether to search the path MTU in both directions."),
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
    parallel: z.int().min(1).max(64).default(16).describe("Connections open at once."),
    ratePerEndpoint: z.number().positive().default(20).describe("Connections per second to one endpoint at most."),
    budgetSeconds: z
        .number()
        .positive()
        .max(3600)
        .default(60)
        .describe("Time after which the agent stops starting anything."),
});
export type ProbePlan = z.infer<typeof ProbePlan>;
