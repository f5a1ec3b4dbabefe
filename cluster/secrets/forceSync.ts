import type { ClusterApi } from "../api/clusterApi.ts";
import { conditionOf, type Metadata } from "../api/objects.ts";
import type { ServedKind } from "../api/servedKinds.ts";
import { type ExternalSecret, FORCE_SYNC } from "./externalSecret.ts";

/** A sync that was asked for. */
export interface SyncRequest {
    /** By the API server's clock, whole seconds, as the controller writes its own times. */
    requestedAt: Date;
    /** `status.syncedResourceVersion` of before. */
    syncedBefore: string | undefined;
}

/**
 * Asks the controller to sync now. What a ClusterExternalSecret made loses annotations of its own at the next turn of that
 * controller, which hands down its own: there the parent is annotated, and with it all its children.
 */
export async function forceSync(
    api: ClusterApi,
    { metadata, status }: ExternalSecret,
    externalSecrets: ServedKind,
    clusterExternalSecrets: ServedKind | undefined,
): Promise<SyncRequest> {
    const parent = metadata.ownerReferences?.find(({ kind }) => kind === "ClusterExternalSecret");
    const path =
        parent && clusterExternalSecrets
            ? clusterExternalSecrets.objectPath(parent)
            : externalSecrets.objectPath({ namespace: metadata.namespace!, name: metadata.name });
    const annotations = { [FORCE_SYNC]: String(Date.now()) };
    const { serverTime } = await api.patch<{ metadata: Metadata }>(path, { metadata: { annotations } });
    return { requestedAt: serverTime, syncedBefore: status?.syncedResourceVersion };
}

/**
 * Whether the controller has synced since. An unchanged Secret is not written again, so its own time tells nothing: the
 * status of the ExternalSecret does.
 */
export function wasSynced(externalSecret: ExternalSecret, { requestedAt, syncedBefore }: SyncRequest): boolean {
    const { refreshTime, syncedResourceVersion } = externalSecret.status ?? {};
    return (
        conditionOf(externalSecret, "Ready")?.status === "True" &&
        syncedResourceVersion !== syncedBefore &&
        Date.parse(refreshTime ?? "") >= requestedAt.getTime()
    );
}
