import { z } from "zod";
import { type SequentialTest, sequentialTest } from "../statistics.ts";
import type { ProbePlan } from "./plan.ts";
import { HostNetworkFacts, PathMtuResult, PullResult, Sample } from "./report.ts";

/** What the agent is sent. */
export interface AgentTask {
    plan: ProbePlan;
    /** Weights of the test that ends the rounds early. */
    sequentialTest: SequentialTest;
    /** False: path MTU and facts only. */
    rounds: boolean;
    /** Bearer tokens by the host of the API that takes them. They are in no plan, which is kept. */
    tokens: Record<string, string>;
}

/** The task that a plan makes. */
export function agentTask(plan: ProbePlan, rounds: boolean, tokens: AgentTask["tokens"] = {}): AgentTask {
    return { plan, sequentialTest: sequentialTest(plan.stability), rounds, tokens };
}

/** One line of the agent's answer. */
export const AgentMessage = z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("heartbeat"), at: z.number() }),
    z.object({ kind: z.literal("facts"), facts: HostNetworkFacts }),
    z.object({ kind: z.literal("pathMtu"), pathMtu: PathMtuResult }),
    z.object({ kind: z.literal("sample"), sample: Sample }),
    z.object({
        kind: z.literal("pull"),
        pull: z.object({
            image: z.string(),
            succeeded: z.boolean(),
            seconds: z.number(),
            via: PullResult.shape.via,
            error: z.string().nullable(),
        }),
    }),
    z.object({ kind: z.literal("failed"), message: z.string() }),
    z.object({ kind: z.literal("end"), seconds: z.number(), outOfTime: z.boolean() }),
]);
export type AgentMessage = z.infer<typeof AgentMessage>;
