import { z } from "zod";
import { BytesPerFamily } from "../family.ts";

/** What is wrong, named by the fault that somebody has to repair. */
export const Cause = z.enum([
    "none",
    "pmtu-black-hole",
    "mtu-mismatch",
    "packet-loss",
    "dns",
    "nat-exhaustion",
    "firewall-block",
    "rate-limit",
    "upstream",
    "tls-trust",
    "unknown",
]);
export type Cause = z.infer<typeof Cause>;

/** Which packets are lost, seen from our side. */
export const Direction = z.enum(["download", "upload", "both"]);
export type Direction = z.infer<typeof Direction>;

/** What the fault affects: one endpoint from every vantage point, one vantage point, the VMs and not the gateway, or all. */
export const Scope = z.enum(["endpoint", "node", "vm-subnet", "host-and-vms"]);
export type Scope = z.infer<typeof Scope>;

/** Who drops frag-needed and packet-too-big; `nowhere` also when nothing was seen to be dropped. */
export const IcmpFilteredAt = z.enum(["gateway", "beyond", "nowhere"]);
export type IcmpFilteredAt = z.infer<typeof IcmpFilteredAt>;

export const Evidence = z.object({
    vantagePoint: z.string(),
    statement: z.string().describe("What was seen, in one sentence."),
    samples: z
        .array(z.string())
        .describe("Ids of the samples that show it, in that vantage point's report; ten at most."),
});
export type Evidence = z.infer<typeof Evidence>;

export const Action = z.object({
    component: z.string().nullable().describe("Component of Clearpath that does it; null where a person must."),
    argument: z.string().nullable().describe("The component's argument, e.g. `mss`."),
    value: z.union([z.string(), z.number()]).nullable().describe("Value for the argument, where one follows."),
    sentence: z.string().describe("What to do, in one sentence."),
});
export type Action = z.infer<typeof Action>;

/** What the reports of all vantage points say together. Made from samples and facts alone. */
export const Verdict = z.object({
    cause: Cause,
    direction: Direction.nullable().describe("Null where the cause has none."),
    scope: Scope.nullable().describe("Null when nothing is wrong, or when the cause is unknown and nothing failed."),
    icmpFilteredAt: IcmpFilteredAt,
    pathMtu: BytesPerFamily.describe(
        "Bytes. The smallest exact value over directions, paths and vantage points; where nothing was too big for the path, the largest packet seen to pass, so that a host's own small MTU does not count as the path's. Null when not measured.",
    ),
    confidence: z.number().min(0).max(1),
    stability: z.record(z.string(), z.enum(["stable", "unstable", "inconclusive"])).describe("By vantage point."),
    summary: z.string().describe("The verdict in one sentence."),
    evidence: z.array(Evidence),
    actions: z.array(Action),
    alsoSeen: z.array(
        z.object({ cause: Cause, scope: Scope.nullable(), summary: z.string(), evidence: z.array(Evidence) }),
    ),
    advisories: z.array(z.string()).describe("What is not a fault for TCP today and should be known."),
    ruledOut: z.array(Cause).describe("Causes that the evidence speaks against; filled when the cause is unknown."),
});
export type Verdict = z.infer<typeof Verdict>;
