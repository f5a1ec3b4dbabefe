import type { ProbePlan } from "../../network/probe/plan.ts";
import type { ProbeAllResult, ProbedHost } from "../../provider/probe/probeAll.ts";
import type { DeployOptions, DeployResult } from "../deploy/deploy.ts";

/** What the lab has its runner do, as sent to the worker's standard input. */
export type RunnerTask =
    | { kind: "probe"; hosts: ProbedHost[]; plan: ProbePlan }
    | { kind: "deploy"; options: Omit<DeployOptions, "onEvent" | "signal">; quiet: boolean };

/** What comes back on its standard output. */
export interface RunnerAnswers {
    probe: ProbeAllResult;
    deploy: DeployResult;
}
