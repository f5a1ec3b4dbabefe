import type { ClusterApi } from "../api/clusterApi.ts";
import { conditionOf, type KubeEvent, occurrences } from "../api/objects.ts";
import type { ExternalSecret } from "./externalSecret.ts";

/** What the controller says about an ExternalSecret that does not sync: its condition, then its last warning. */
export async function controllersReason(api: ClusterApi, externalSecret: ExternalSecret): Promise<string> {
    const ready = conditionOf(externalSecret, "Ready");
    const warning = await lastWarning(api, externalSecret);
    const parts = [
        ready === undefined ? "the controller has not looked at it yet" : `${ready.reason}: ${ready.message}`,
        ...(warning ? [`last event ${warning.reason} (${occurrences(warning).count} times): ${warning.message}`] : []),
    ];
    return parts.join("; ");
}

async function lastWarning(api: ClusterApi, { metadata }: ExternalSecret): Promise<KubeEvent | undefined> {
    const fieldSelector = `involvedObject.kind=ExternalSecret,involvedObject.name=${metadata.name},type=Warning`;
    let last: KubeEvent | undefined;
    for await (const event of api.list<KubeEvent>(`/api/v1/namespaces/${metadata.namespace}/events`, { fieldSelector }))
        if (last === undefined || (occurrences(event).lastSeen ?? "") >= (occurrences(last).lastSeen ?? ""))
            last = event;
    return last;
}
