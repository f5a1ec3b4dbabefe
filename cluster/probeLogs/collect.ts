import { z } from "zod";
import { PLAN_KEY, PROBE_LABEL } from "../../network/probe/objects.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { ApiFailure } from "../api/apiFailure.ts";
import type { ClusterApi } from "../api/clusterApi.ts";
import type { Pod } from "../api/objects.ts";
import { type LastRun, lastRunIn } from "./readLog.ts";

/** What the pods of one ClusterProbe found in their last runs. */
export interface PodReports {
    plan: ProbePlan;
    reports: VantageReport[];
    /** Pods without a report, and why. */
    unprobed: { vantagePoint: string; reason: string }[];
}

/** The plan of a ClusterProbe cannot be read. The message says which one, why, and what to do. */
export class PlanUnreadable extends Error {
    override name = "PlanUnreadable";
}

/** The requests that reading the pods takes. */
type PodApi = Pick<ClusterApi, "list" | "stream">;

/**
 * Reads the logs of a ClusterProbe's pods, one after the other; undefined when the cluster has no probe of that name.
 * Throws ApiFailure and PlanUnreadable.
 */
export async function collectReports(api: PodApi, name: string): Promise<PodReports | undefined> {
    const labelSelector = `${PROBE_LABEL}=${name}`;
    const [input] = await all<{ data?: Record<string, string> }>(api, "/api/v1/configmaps", labelSelector);
    const text = input?.data?.[PLAN_KEY];
    if (text === undefined) return undefined;
    const found: PodReports = { plan: planOf(name, text), reports: [], unprobed: [] };
    for (const pod of await all<Pod>(api, "/api/v1/pods", labelSelector)) {
        const vantagePoint = `${pod.metadata.name} on ${pod.spec.nodeName ?? "no node yet"}`;
        const run = await lastRunOf(api, pod, vantagePoint, found.plan);
        if ("report" in run) found.reports.push(run.report);
        else {
            const phase = pod.status?.phase ?? "unknown";
            const reason = `${vantagePoint}: ${run.reason} (phase ${phase}). Collect again when a run has ended.`;
            found.unprobed.push({ vantagePoint, reason });
        }
    }
    return found;
}

function planOf(name: string, text: string): ProbePlan {
    try {
        return ProbePlan.parse(JSON.parse(text));
    } catch (error) {
        const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
        throw new PlanUnreadable(
            `The ConfigMap of ClusterProbe ${name} has a plan that this version of Clearpath cannot read: ${reason}. Nothing was changed. Run \`clearpath up\` with the version that you collect with, then collect again.`,
        );
    }
}

async function all<T>(api: PodApi, path: string, labelSelector: string): Promise<T[]> {
    const found: T[] = [];
    for await (const one of api.list<T>(path, { labelSelector })) found.push(one);
    return found;
}

/** Lines that the API server is asked for: twice those of the largest run. It sends the last ones. */
const TAIL_LINES = 100_000;

async function lastRunOf(api: PodApi, pod: Pod, vantagePoint: string, plan: ProbePlan): Promise<LastRun> {
    const { namespace, name } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?timestamps=true&tailLines=${TAIL_LINES}`;
    try {
        return await lastRunIn(vantagePoint, plan, api.stream(path));
    } catch (error) {
        // The API server answers 400 for a container that has not started, and 404 for a pod that is gone.
        const hasNoLog = error instanceof ApiFailure && (error.status === 400 || error.status === 404);
        if (hasNoLog) return { reason: "it has no log, because its container has not started" };
        throw error;
    }
}
