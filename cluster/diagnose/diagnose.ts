import type { ClusterApi } from "../api/clusterApi.ts";
import { conclusionOf, isBlocking } from "./conclusion.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { isOfNetwork } from "./failureCause.ts";
import { fluxObjects } from "./flux/objects.ts";
import { unreadyReleases } from "./flux/releases.ts";
import { failingSources } from "./flux/sources.ts";
import { type AskHost, nodeNetworks } from "./nodeNetwork.ts";
import { pullFailures } from "./pullFailures.ts";
import { secretFindings } from "./secretFindings.ts";

export interface DiagnoseOptions {
    /** Asks a node's host by SSH for its network facts. */
    askHost?: AskHost;
    /** Judge External Secrets too. */
    secrets?: boolean;
}

/** Says what blocks a cluster and why. Reads only. Throws ApiFailure. */
export async function diagnose(
    api: ClusterApi,
    { askHost, secrets = false }: DiagnoseOptions = {},
): Promise<Diagnosis> {
    const [{ failures: pulls, states }, flux, inSecrets] = await Promise.all([
        pullFailures(api),
        fluxObjects(api),
        secrets ? secretFindings(api) : [],
    ]);
    const sources = failingSources(flux);
    const releases = unreadyReleases(flux.releases, { pulls, states, sources });
    const hit = pulls.filter(({ cause, node }) => isOfNetwork(cause) && node !== "").map(({ node }) => node);
    const findings = { pulls, sources, releases, secrets: inSecrets };
    return {
        version: 1,
        at: new Date().toISOString(),
        cluster: { server: api.server, context: api.context },
        blocking: isBlocking(findings),
        conclusion: conclusionOf(findings),
        nodes: await nodeNetworks(api, [...new Set(hit)].sort(), askHost),
        ...findings,
    };
}
