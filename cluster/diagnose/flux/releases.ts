import { conditionOf } from "../../api/objects.ts";
import type { FailingSource, PullFailure, SecretFinding, StuckPod, UnreadyRelease } from "../diagnosis.ts";
import { missingSecretIn, type PodStates } from "../podStates.ts";
import { type FluxObject, fluxName } from "./objects.ts";
import type { Standings } from "./waits.ts";

interface Findings {
    pulls: readonly PullFailure[];
    stuckPods: readonly StuckPod[];
    states: PodStates;
    sources: readonly FailingSource[];
    secrets: readonly SecretFinding[];
}

/** Kustomizations and HelmReleases that are not Ready, those with a cause of their own first. */
export function unreadyReleases(
    releases: readonly FluxObject[],
    standings: Standings,
    findings: Findings,
): UnreadyRelease[] {
    return releases
        .filter(({ spec }) => !spec.suspend)
        .flatMap((release): UnreadyRelease[] => {
            const { state, waits } = standings.of(release);
            if (state === "ready") return [];
            const { reason = "", message = "", lastTransitionTime = null } = conditionOf(release, "Ready") ?? {};
            const others = explanations(release, message, findings).filter(one => !waits.includes(one));
            return [
                {
                    object: fluxName(release),
                    reason,
                    message,
                    since: lastTransitionTime,
                    state,
                    isRoot: state === "stalled" && !waits.some(text => /^waits for|^its source/.test(text)),
                    because: [...waits, ...others],
                },
            ];
        })
        .sort(
            (a, b) =>
                Number(b.isRoot) - Number(a.isRoot) ||
                Number(b.state === "stalled") - Number(a.state === "stalled") ||
                a.because.length - b.because.length ||
                (a.object < b.object ? -1 : 1),
        );
}

/** Other findings that keep it from being Ready. */
function explanations(
    release: FluxObject,
    whole: string,
    { pulls, stuckPods, states, sources, secrets }: Findings,
): string[] {
    const message = whole.slice(0, 10_000);
    const name = fluxName(release);
    const failing = sources.filter(({ effect, dependents }) => effect === "blocks" && dependents.includes(name));
    const workloads = workloadsIn(message);
    const ofRelease = (pods: Iterable<string>) =>
        [...pods].filter(pod => isPodOf(pod, states.labels.get(pod) ?? {}, release, workloads));
    const waiting = ofRelease(new Set(pulls.flatMap(({ waitingPods }) => waitingPods)));
    const stuck = ofRelease(new Set(stuckPods.map(({ pod }) => pod)));
    return [
        ...failing.map(({ object }) => `its source ${object} fails`),
        ...(waiting.length > 0 ? [`its pods wait for images: ${short(waiting)}`] : []),
        ...(stuck.length > 0 ? [`its pods do not start: ${short(stuck)}`] : []),
        ...missingSecret(release, message),
        ...ofSecrets(message, secrets),
    ];
}

/** `secrets "x" not found`, of values, substitutions and decryption keys: those are in the release's own namespace. */
function missingSecret({ metadata }: FluxObject, message: string): string[] {
    const name = missingSecretIn(message);
    return name === null ? [] : [`the Secret ${metadata.namespace}/${name} does not exist`];
}

/** What a message that names ExternalSecrets or stores has to do with the findings about them. */
function ofSecrets(message: string, secrets: readonly SecretFinding[]): string[] {
    if (/no matches for kind|resource mapping not found|could not find the requested resource/i.test(message)) {
        const kind = /no matches for kind "([^"]{1,200})"/i.exec(message)?.[1];
        return [
            `the cluster does not know the kind ${kind ?? "of one of its objects"}: install its CustomResourceDefinition first, in a Kustomization that this one depends on`,
        ];
    }
    const externalSecrets = [
        ...message.matchAll(/\b(ExternalSecret\/[^\s,'":\]]{1,520})(?: status: '(\w{1,40})')?/g),
    ].map(([, name, status]) => {
        const found = secrets.find(({ object }) => object === name);
        if (status === "NotFound")
            return `${name} does not exist: it was deleted after it was applied, or its kind is not served any more`;
        return found?.effect === "blocks"
            ? `${name} has generated no Secret`
            : `it waits for ${name}: run \`clearpath diagnose --gate secrets\` to see whether its Secret is there`;
    });
    const store = /\b(?:ClusterSecretStore|SecretStore)\/[^\s,'":\]]{1,520}/.exec(message)?.[0];
    return [
        ...new Set(externalSecrets),
        ...(store
            ? [
                  `it waits for ${store}, which tells only whether a provider answers: \`clearpath lint --fix\` checks the generated Secret in its place`,
              ]
            : []),
    ];
}

function short(names: readonly string[]): string {
    const more = names.length - 3;
    return `${names.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `namespace/name` of the workloads that a health check names. */
function workloadsIn(message: string): [namespace: string, name: string][] {
    return [
        ...message.matchAll(
            /\b(?:Deployment|StatefulSet|DaemonSet|Job|ReplicaSet|Pod)\/([^/\s]{1,260})\/([^\s,'":\]]{1,260})/g,
        ),
    ].map(([, namespace = "", name = ""]) => [namespace, name]);
}

/** A pod belongs to a release by Helm's own label, or to the workload that the release says it waits for. */
function isPodOf(
    pod: string,
    labels: Record<string, string>,
    { kind, spec, metadata }: FluxObject,
    workloads: readonly [string, string][],
): boolean {
    const [namespace = "", name = ""] = pod.split("/");
    const target = spec.targetNamespace ?? metadata.namespace;
    const releaseName =
        spec.releaseName ?? (spec.targetNamespace ? `${spec.targetNamespace}-${metadata.name}` : metadata.name);
    const isOfChart = labels["app.kubernetes.io/instance"] === releaseName;
    if (kind === "HelmRelease" && namespace === target && isOfChart) return true;
    return workloads.some(
        ([ofNamespace, workload]) =>
            ofNamespace === namespace && (name === workload || name.startsWith(`${workload}-`)),
    );
}
