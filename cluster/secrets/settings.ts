import { z } from "zod";

/** A Secret to wait for. */
export const WantedSecret = z.strictObject({
    namespace: z.string().min(1).describe("Namespace of the ExternalSecret and of its Secret."),
    name: z.string().min(1).describe("Name of the ExternalSecret, or of the Secret that it generates."),
    keys: z
        .array(z.string().min(1))
        .default([])
        .describe("Keys that must not be empty. Default: those that the ExternalSecret names."),
});
export type WantedSecret = z.infer<typeof WantedSecret>;

/** How a gate waits. */
export const GateSettings = z.strictObject({
    sync: z
        .boolean()
        .default(true)
        .describe(
            "Whether to have every ExternalSecret synced now, by the annotation `external-secrets.io/force-sync`.",
        ),
    fresh: z
        .boolean()
        .default(false)
        .describe(
            "Whether to wait for Secrets that were synced after the gate began. What is there passes after `freshSeconds` too, with a warning. Needs `sync`.",
        ),
    freshSeconds: z
        .number()
        .min(0)
        .max(3600)
        .default(60)
        .describe("Longest wait for a newer Secret where an older one is there, in seconds."),
    timeoutSeconds: z
        .number()
        .min(1)
        .max(3600)
        .default(300)
        .describe("Longest wait for a Secret that is not there, in seconds."),
});
export type GateSettings = z.infer<typeof GateSettings>;

export const GateOutcome = z.object({
    secret: z.string().describe("`namespace/name` of the generated Secret."),
    externalSecret: z.string().nullable().describe("`namespace/name`; null where there is none."),
    outcome: z
        .enum(["fresh", "present", "stale", "failed"])
        .describe(
            "`fresh`: synced after the gate began. `present`: there, and its last sync succeeded. `stale`: there, from an earlier sync than the last tried. `failed`: missing, or without a required key.",
        ),
    keys: z.array(z.string()).describe("Names of its keys; never their values."),
    refreshedAt: z.string().nullable().describe("Last successful sync, by the controller's clock."),
    reason: z
        .string()
        .nullable()
        .describe("Why it is stale or failed, or why no sync could be asked for; null otherwise."),
});
export type GateOutcome = z.infer<typeof GateOutcome>;
