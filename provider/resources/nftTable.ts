import { z } from "zod";
import { appliedAt, hostInputs, hostOutputs } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    family: z.enum(["inet", "ip", "ip6", "bridge"]).default("inet").describe("Address family of the table."),
    table: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, "must be a letter followed by letters, digits, _ and -")
        .describe("Name of the table."),
    content: z
        .string()
        .refine(content => !content.includes("\0"), "must be text: a NUL byte cannot be sent")
        .describe("Body of the table in nft's syntax: its sets and chains, without `table … { }` around them."),
    adopt: z
        .boolean()
        .default(false)
        .describe("Whether to take over a table of that name that is not ours. It is kept and put back on delete."),
    confirmSeconds: z
        .int()
        .min(5)
        .max(600)
        .default(30)
        .describe("How long the host waits for a new connection to confirm the change before it takes it back."),
});

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    liveDigest: z.string().describe("SHA-256 of the table as nft lists it, without counters."),
});

export const nftTable = {
    token: "clearpath:host:NftTable",
    description:
        "One nftables table of its own, live and at boot, beside whatever firewall the host runs. Applied in one transaction, and taken back by the host itself when it cuts the host off.",
    inputs,
    outputs,
    replaceOn: ["family", "table"],
    ignoreInDiff: ["adopt", "confirmSeconds"],
    stableOutputs: ["machineId", "ownerId"],
} as const;

/** One nftables table of its own, live and at boot, beside whatever firewall the host runs. */
export class NftTable extends resourceClass(nftTable) {}
