import { z } from "zod";
import { ProbePlan } from "../../network/probe/plan.ts";
import { VantageSummary } from "../../network/probe/report.ts";
import { hostInputs, hostOutputs } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

/** Name of a vantage point: part of the resource's id. */
export const vantagePointName = z
    .string()
    .regex(/^[^\s/]{1,63}$/, "must be a name without spaces and slashes")
    .describe("Name of the vantage point: the host's name in verdicts and reports.");

/** What a probe's result depends on. */
export const triggers = z
    .array(z.string())
    .default([])
    .describe("Values whose change makes the probe run again, e.g. `appliedAt` of the resources it should prove.");

const inputs = z.strictObject({
    ...hostInputs,
    vantagePoint: vantagePointName,
    role: VantageSummary.shape.role.default("host").describe("What the host is in the cluster."),
    plan: ProbePlan.describe("What is called, how often, and for how long."),
    triggers,
});

const outputs = z.object({
    ...hostOutputs,
    ranAt: z.iso.datetime().describe("When the run began, by the clock of the machine that runs Pulumi."),
    passed: z
        .boolean()
        .describe(
            "Whether egress works from here. A failed run is a result, not an error, and is repeated at every `up`.",
        ),
    report: VantageSummary.describe("What the run found, without its single connections."),
});

export const egress = {
    token: "clearpath:probe:Egress",
    description:
        "One vantage point's probe run: DNS, TCP, TLS and HTTP to every endpoint, image pulls, path MTU. It changes nothing on the host, runs again when a trigger changes, and at every `up` after a run that failed.",
    inputs,
    outputs,
    replaceOn: ["vantagePoint"],
    stableOutputs: ["ownerId"],
} as const;

/** One vantage point's probe run: what works from there, what does not, and how it fails. */
export class Egress extends resourceClass(egress) {}
