import { randomUUID } from "node:crypto";
import { z } from "zod";
import { passed } from "../../network/probe/passed.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import { VantageSummary } from "../../network/probe/report.ts";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { keepReport, noteAsked } from "../probe/keptReport.ts";
import { machineIsThere } from "../probe/machine.ts";
import { probeHost } from "../probe/run.ts";
import { hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

/** Name of a vantage point: part of the resource's id. */
export const vantagePointName = z
    .string()
    .regex(/^[^\s/]{1,63}$/, "must be a name without spaces and slashes")
    .describe("Name of the vantage point: the host's name in verdicts and reports.");

/** Values that a probe's result depends on. */
export const triggers = z
    .array(z.string())
    .default([])
    .describe(
        "Values whose change makes the probe run again, e.g. `appliedAt` of the resources whose effect it should prove.",
    );

const inputs = z.strictObject({
    ...hostInputs,
    vantagePoint: vantagePointName,
    role: VantageSummary.shape.role.default("host").describe("Role of the host in the cluster."),
    plan: ProbePlan.describe("Services to call, how often, and for how long."),
    triggers,
});

const outputs = z.object({
    ...hostOutputs,
    ranAt: z.iso.datetime().describe("When the run began, by the clock of the machine that runs Pulumi."),
    passed: z
        .boolean()
        .describe(
            "Whether egress works from this host. A failed run is a result, not an error, and is repeated at every `up`.",
        ),
    report: VantageSummary.describe("Result of the run, without the single connections."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const egress = resourceKind({
    token: "clearpath:probe:Egress",
    description:
        "A probe run from one vantage point: DNS, TCP, TLS and HTTP to every endpoint, image pulls, and the path MTU. It changes nothing on the host. It runs again when a trigger changes, and at every `up` after a failed run.",
    idExample: "root@10.27.27.11:22/egress/cp1",
    inputs,
    outputs,
    replaceOn: ["vantagePoint"],
    stableOutputs: ["ownerId"],
    stale: ({ outputs: { passed } }) => (passed ? [] : ["passed"]),
    async create(context, inputs) {
        const outputs = await probe(context, inputs, randomUUID());
        return { id: `${hostOfConnection(inputs.connection)}/egress/${inputs.vantagePoint}`, outputs };
    },
    async read(context, _id, state) {
        return (await machineIsThere(context, state)) ? state : undefined;
    },
    update: (context, _id, olds, news) => probe(context, news, olds.outputs.ownerId),
    async delete() {
        // A probe leaves nothing on the host.
    },
});

/** A probe run from one vantage point: what works from there, what does not, and how it fails. */
export class Egress extends resourceClass(egress) {}

async function probe(context: OperationContext, inputs: Inputs, ownerId: string): Promise<Outputs> {
    const { vantagePoint, role, plan } = inputs;
    await noteAsked({ vantagePoint });
    const session = await context.session(inputs.connection);
    const report = await probeHost(session, { vantagePoint, role, plan }, { signal: context.signal });
    context.signal.throwIfAborted();
    await keepReport({ plan, report }, inputs.connection);
    if (report.incompleteReason !== null) context.log("warning", report.incompleteReason);
    return {
        machineId: report.facts.machineId,
        ownerId,
        ranAt: report.startedAt,
        passed: passed(report),
        report: VantageSummary.parse(report),
    };
}
