import { z } from "zod";
import { ProbePlan } from "../probe/plan.ts";
import { VantageReport } from "../probe/report.ts";
import { Verdict } from "../verdict/verdict.ts";

/** What marks a file as one of ours, before its version is looked at. */
export const EVIDENCE_FORMAT = "clearpath-evidence";
/** Raised when a file of the version before would be read wrongly. */
export const EVIDENCE_VERSION = 1;

/** Everything that one run of probes found, so that it can be looked at, compared and judged again later. */
export const EvidenceFile = z
    .object({
        format: z.literal(EVIDENCE_FORMAT),
        version: z.literal(EVIDENCE_VERSION),
        tool: z
            .object({ name: z.literal("clearpath"), version: z.string() })
            .describe("What wrote the file, and so what judged the reports."),
        startedAt: z.iso.datetime().describe("By the runner's clock."),
        endedAt: z.iso.datetime().describe("By the runner's clock."),
        plan: ProbePlan.describe("What every vantage point was asked to do."),
        reports: z.array(VantageReport).describe("One for each vantage point, with every connection."),
        unprobed: z
            .array(z.object({ vantagePoint: z.string(), reason: z.string() }))
            .describe("Hosts that could not be probed, and why."),
        verdict: Verdict,
        notes: z.array(z.string()).describe("What a reader should know about the run, one sentence each."),
    })
    .meta({ title: "Clearpath evidence", description: "One run of Clearpath's probes. Stored gzip-compressed." });
export type EvidenceFile = z.infer<typeof EvidenceFile>;

/** The file's JSON Schema, for readers in other languages. It describes the JSON inside of the compression. */
export function evidenceJsonSchema(): object {
    return z.toJSONSchema(EvidenceFile, { io: "output" });
}
