import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Endpoint, ProbePlan } from "../../network/probe/plan.ts";
import { HostNetworkFacts, PathMtuResult } from "../../network/probe/report.ts";
import { hostOfConnection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { machineIsThere } from "../probe/machine.ts";
import { measurePathMtu } from "../probe/run.ts";
import { hostInputs, hostOutputs, resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";
import { triggers, vantagePointName } from "./egress.ts";

const smallest = (family: string) =>
    z
        .int()
        .nullable()
        .describe(
            `Smallest ${family} path MTU over directions and paths, in bytes; null when it could not be measured.`,
        );

const inputs = z.strictObject({
    ...hostInputs,
    vantagePoint: vantagePointName,
    endpoints: z.array(Endpoint).min(1).describe("TLS servers at the far end of the paths."),
    families: ProbePlan.shape.families,
    triggers,
});

const outputs = z.object({
    ...hostOutputs,
    measuredAt: z.iso.datetime().describe("When it was measured, by the clock of the machine that runs Pulumi."),
    result: PathMtuResult.describe("Result of the measurement in each direction."),
    ipv4: smallest("IPv4"),
    ipv6: smallest("IPv6"),
    facts: HostNetworkFacts.describe("The host's own network settings, as the host reports them."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const pathMtu = resourceKind({
    token: "clearpath:probe:PathMtu",
    description:
        "The path MTU that works from one vantage point, by IP version and direction. It is found by search, so it does not depend on ICMP. Measuring changes nothing on the host, and is repeated when a trigger changes.",
    idExample: "root@192.168.77.2:22/path-mtu/pve",
    inputs,
    outputs,
    replaceOn: ["vantagePoint"],
    stableOutputs: ["ownerId"],
    async create(context, inputs) {
        const outputs = await measure(context, inputs, randomUUID());
        return { id: `${hostOfConnection(inputs.connection)}/path-mtu/${inputs.vantagePoint}`, outputs };
    },
    async read(context, _id, state) {
        return (await machineIsThere(context, state)) ? state : undefined;
    },
    update: (context, _id, olds, news) => measure(context, news, olds.outputs.ownerId),
    async delete() {
        // A measurement leaves nothing on the host.
    },
});

/** The path MTU that works from one vantage point, by IP version and direction. */
export class PathMtu extends resourceClass(pathMtu) {}

async function measure(context: OperationContext, inputs: Inputs, ownerId: string): Promise<Outputs> {
    const { endpoints, families } = inputs;
    const measuredAt = new Date().toISOString();
    const session = await context.session(inputs.connection);
    const measured = await measurePathMtu(session, { endpoints, families }, { signal: context.signal });
    return { machineId: measured.facts.machineId, ownerId, measuredAt, ...measured };
}
