import { conditionOf } from "../../api/objects.ts";
import type { FailingSource, PullFailure, UnreadyRelease } from "../diagnosis.ts";
import type { PodStates } from "../pullFailures.ts";
import { type FluxObject, fluxName } from "./objects.ts";

interface Findings {
    pulls: readonly PullFailure[];
    states: PodStates;
    sources: readonly FailingSource[];
}

/** Kustomizations and HelmReleases that are not Ready, those with a cause of their own first. */
export function unreadyReleases(releases: readonly FluxObject[], findings: Findings): UnreadyRelease[] {
    const unready = releases.flatMap(release => {
        const ready = conditionOf(release, "Ready");
        if (ready === undefined || ready.status === "True") return [];
        const { reason = "", message = "", lastTransitionTime = null } = ready;
        return [
            {
                object: fluxName(release),
                reason,
                message,
                since: lastTransitionTime,
                state: ready.status === "False" ? ("stalled" as const) : ("progressing" as const),
                because: [],
                release,
            },
        ];
    });
    const names = new Set(unready.map(({ object }) => object));
    return unready
        .map(({ release, ...found }) => ({ ...found, because: explanations(release, found.message, names, findings) }))
        .sort((a, b) => a.because.length - b.because.length || (a.object < b.object ? -1 : 1));
}

/** Other findings that keep it from being Ready. */
function explanations(
    release: FluxObject,
    message: string,
    unready: ReadonlySet<string>,
    { pulls, states, sources }: Findings,
): string[] {
    const name = fluxName(release);
    const dependencies = (release.spec.dependsOn ?? [])
        .map(({ namespace, name }) => `${release.kind}/${namespace ?? release.metadata.namespace}/${name}`)
        .filter(dependency => unready.has(dependency));
    const failing = sources.filter(({ effect, dependents }) => effect === "blocks" && dependents.includes(name));
    const waiting = new Set(pulls.flatMap(({ waitingPods }) => waitingPods));
    const pods = [...waiting].filter(pod => isPodOf(pod, states.labels.get(pod) ?? {}, release, message));
    const store = /\b(ClusterSecretStore|SecretStore)\/\S*?(?=[\s,'":\]]|$)/.exec(message)?.[0];
    return [
        ...dependencies.map(dependency => `waits for ${dependency}`),
        ...failing.map(({ object }) => `its source ${object} fails`),
        ...(pods.length > 0
            ? [`its pods wait for images: ${pods.slice(0, 3).join(", ")}${more(pods.length - 3)}`]
            : []),
        ...(store
            ? [
                  `it waits for ${store}, which tells only whether a provider answers: \`clearpath lint --fix\` checks the generated Secret in its place`,
              ]
            : []),
    ];
}

function more(count: number): string {
    return count > 0 ? ` and ${count} more` : "";
}

/** A pod belongs to a release by Helm's own label, or to the workload that the release says it waits for. */
function isPodOf(
    pod: string,
    labels: Record<string, string>,
    { spec, metadata }: FluxObject,
    message: string,
): boolean {
    const [namespace = "", name = ""] = pod.split("/");
    const target = spec.targetNamespace ?? metadata.namespace;
    const releaseName =
        spec.releaseName ?? (spec.targetNamespace ? `${spec.targetNamespace}-${metadata.name}` : metadata.name);
    if (namespace === target && labels["app.kubernetes.io/instance"] === releaseName) return true;
    return [
        ...message.matchAll(/\b(?:Deployment|StatefulSet|DaemonSet|Job|ReplicaSet|Pod)\/([^/\s]+)\/([^\s,'":\]]+)/g),
    ].some(
        ([, ofNamespace, workload]) =>
            ofNamespace === namespace && (name === workload || name.startsWith(`${workload}-`)),
    );
}
