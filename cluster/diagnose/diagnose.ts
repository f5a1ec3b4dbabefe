import type { ClusterApi } from "../api/clusterApi.ts";
import type { Node } from "../api/objects.ts";
import { conclusionOf, isBlocking } from "./conclusion.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { isOfNetwork } from "./failureCause.ts";
import { fluxObjects } from "./flux/objects.ts";
import { unreadyReleases } from "./flux/releases.ts";
import { failingSources, fetchingSources } from "./flux/sources.ts";
import { Standings } from "./flux/waits.ts";
import { LookedAt } from "./lookedAt.ts";
import { type AskHost, nodeNetworks } from "./nodeNetwork.ts";
import { allNodes, unreadyNodes } from "./nodeStates.ts";
import { noEvents, podEvents } from "./podEvents.ts";
import { noPods, podStates } from "./podStates.ts";
import { pullFailures } from "./pullFailures.ts";
import { secretFindings } from "./secretFindings.ts";
import { stuckPods } from "./stuckPods.ts";

export interface DiagnoseOptions {
    /** Asks a node's host by SSH for its network facts. */
    askHost?: AskHost;
    /** Judge External Secrets too. */
    secrets?: boolean;
}

/**
 * Says what blocks a cluster and why. Reads only. What the user may not read costs its own section and is named in
 * `notLookedAt`. Throws ApiFailure.
 */
export async function diagnose(
    api: ClusterApi,
    { askHost, secrets: judgeSecrets = false }: DiagnoseOptions = {},
): Promise<Diagnosis> {
    const lookedAt = new LookedAt();
    const [states, events, flux, secrets] = await Promise.all([
        lookedAt.at("Pods", noPods(), () => podStates(api)),
        lookedAt.at("Events of pods", noEvents(), () => podEvents(api)),
        fluxObjects(api, lookedAt),
        judgeSecrets ? secretFindings(api, lookedAt) : [],
    ]);
    const pulls = pullFailures(states, events);
    const hit = pulls.filter(({ cause, node }) => isOfNetwork(cause) && node !== "").map(({ node }) => node);
    const nodes = await lookedAt.at<Node[] | undefined>("Nodes", undefined, () =>
        allNodes(api, new Set([...hit, ...states.nodes])),
    );
    lookedAt.requireSomething();
    if (!judgeSecrets) lookedAt.skip("External Secrets: give --gate secrets");
    const stuck = stuckPods(states, events, pulls);
    const sources = failingSources(flux);
    const standings = new Standings(
        flux,
        states.controllers.map(({ object }) => object),
    );
    const releases = unreadyReleases(flux.releases, standings, { pulls, stuckPods: stuck, states, sources, secrets });
    const findings = {
        pulls,
        stuckPods: stuck,
        unreadyNodes: unreadyNodes(nodes ?? []),
        controllers: states.controllers,
        sources,
        releases,
        fetching: fetchingSources(flux),
        secrets,
        notLookedAt: lookedAt.missing,
    };
    return {
        version: 1,
        at: new Date().toISOString(),
        cluster: { server: api.server, context: api.context },
        blocking: isBlocking(findings),
        conclusion: conclusionOf(findings),
        nodes: await nodeNetworks(nodes, [...new Set(hit)].sort(), askHost),
        ...findings,
    };
}
