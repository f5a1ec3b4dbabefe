import { z } from "zod";
import { Endpoint, ProbePlan } from "../../network/probe/plan.ts";
import { HostNetworkFacts, PathMtuResult } from "../../network/probe/report.ts";
import { hostInputs, hostOutputs } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";
import { triggers, vantagePointName } from "./egress.ts";

const smallest = (family: string) =>
    z
        .int()
        .nullable()
        .describe(`Smallest ${family} path MTU over directions and paths, in bytes; null when none could be measured.`);

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
    result: PathMtuResult.describe("What was measured in each direction."),
    ipv4: smallest("IPv4"),
    ipv6: smallest("IPv6"),
    facts: HostNetworkFacts.describe("What the host says about its own network."),
});

export const pathMtu = {
    token: "clearpath:probe:PathMtu",
    description:
        "The working path MTU from one vantage point, per IP family and direction, found by search and not by trust in ICMP. It changes nothing on the host and is measured again when a trigger changes.",
    inputs,
    outputs,
    replaceOn: ["vantagePoint"],
    stableOutputs: ["ownerId"],
} as const;

/** The working path MTU from one vantage point, per IP family and direction. */
export class PathMtu extends resourceClass(pathMtu) {}
