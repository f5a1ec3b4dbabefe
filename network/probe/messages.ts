import { z } from "zod";
import { type SequentialTest, sequentialTest } from "../statistics.ts";
import type { ProbePlan } from "./plan.ts";
import { HostNetworkFacts, PathMtuResult, PullAttempt, Sample } from "./report.ts";

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
    z.object({ kind: z.literal("pull"), pull: PullAttempt }),
    z.object({ kind: z.literal("failed"), message: z.string() }),
    z.object({ kind: z.literal("end"), seconds: z.number(), outOfTime: z.boolean() }),
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

/** Reads one line of the agent's answer. Returns a clause that says what is wrong with a line that is no message. */
export function messageOf(line: string): AgentMessage | string {
    let json: unknown;
    try {
        json = JSON.parse(line);
    } catch {
        return `an answer that is not JSON: ${line.slice(0, 80)}`;
    }
    const parsed = AgentMessage.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    return `an answer that is not valid at ${issue.path.join(".") || "its top"}: ${issue.message}`;
}
