import { PLAN_KEY, PROBE_LABEL } from "../../network/probe/objects.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { ApiFailure } from "../api/apiFailure.ts";
import type { ClusterApi } from "../api/clusterApi.ts";
import type { Metadata, Pod } from "../api/objects.ts";
import { reportFromLog } from "./readLog.ts";

/** What the pods of one ClusterProbe found in their last runs. */
export interface PodReports {
    plan: ProbePlan;
    reports: VantageReport[];
    /** Pods without a report, and why. */
    unprobed: { vantagePoint: string; reason: string }[];
}

/** Reads the logs of a ClusterProbe's pods; undefined when the cluster has no probe of that name. Throws ApiFailure. */
export async function collectReports(api: ClusterApi, name: string): Promise<PodReports | undefined> {
    const labelSelector = `${PROBE_LABEL}=${name}`;
    const [plan] = await all<{ data?: Record<string, string> }>(api, "/api/v1/configmaps", labelSelector);
    const text = plan?.data?.[PLAN_KEY];
    if (text === undefined) return undefined;
    const found: PodReports = { plan: ProbePlan.parse(JSON.parse(text)), reports: [], unprobed: [] };
    for (const pod of await all<Pod>(api, "/api/v1/pods", labelSelector)) {
        const vantagePoint = `${pod.metadata.name} on ${pod.spec.nodeName ?? "no node yet"}`;
        const log = await logOf(api, pod.metadata);
        const report = log === undefined ? undefined : reportFromLog(vantagePoint, found.plan, log);
        if (report) found.reports.push(report);
        else
            found.unprobed.push({
                vantagePoint,
                reason: `${vantagePoint}: it has finished no run (phase ${pod.status?.phase ?? "unknown"}). Collect again when it has.`,
            });
    }
    return found;
}

async function all<T>(api: ClusterApi, path: string, labelSelector: string): Promise<T[]> {
    const found: T[] = [];
    for await (const one of api.list<T>(path, { labelSelector })) found.push(one);
    return found;
}

/** The log, or undefined while there is none: the API server answers 400 for a container that has not started. */
async function logOf(api: ClusterApi, { namespace, name }: Metadata): Promise<string | undefined> {
    try {
        return await api.text(`/api/v1/namespaces/${namespace}/pods/${name}/log?timestamps=true`);
    } catch (error) {
        if (error instanceof ApiFailure && (error.status === 400 || error.status === 404)) return undefined;
        throw error;
    }
}
