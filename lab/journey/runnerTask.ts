import type { DeployResult } from "../../cli/deploy/deploy.ts";
import type { SearchingUpOptions } from "../../cli/deploy/searchingUp.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import type { ProbeAllResult, ProbedHost } from "../../provider/probe/probeAll.ts";

/** What the lab has its runner do, as sent to the worker's standard input. */
export type RunnerTask =
    | { kind: "probe"; hosts: ProbedHost[]; plan: ProbePlan }
    | { kind: "deploy"; options: Omit<SearchingUpOptions, "onEvent" | "signal" | "say">; quiet: boolean };

/** What each kind of task is answered by. */
export interface RunnerAnswers {
    probe: ProbeAllResult;
    deploy: DeployResult;
}

/** The answer, or the sentence that says why there is none. */
export type RunnerReply<K extends RunnerTask["kind"]> = { answer: RunnerAnswers[K] } | { failure: string };
