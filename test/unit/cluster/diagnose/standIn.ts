import { ApiFailure } from "../../../../cluster/api/apiFailure.ts";
import type { ClusterApi, ListQuery } from "../../../../cluster/api/clusterApi.ts";

/** Objects of a cluster as plain JSON: what tests write and the stand-in serves. */
export interface AnyObject {
    kind: string;
    metadata: { name: string; namespace?: string; [key: string]: unknown };
    // biome-ignore lint/suspicious/noExplicitAny: fixtures have the shapes of many kinds.
    [key: string]: any;
}

const GROUPS: Record<string, { version: string; kinds: Record<string, string> }> = {
    "source.toolkit.fluxcd.io": {
        version: "v1",
        kinds: {
            GitRepository: "gitrepositories",
            OCIRepository: "ocirepositories",
            HelmRepository: "helmrepositories",
            HelmChart: "helmcharts",
            Bucket: "buckets",
        },
    },
    "kustomize.toolkit.fluxcd.io": { version: "v1", kinds: { Kustomization: "kustomizations" } },
    "helm.toolkit.fluxcd.io": { version: "v2", kinds: { HelmRelease: "helmreleases" } },
    "external-secrets.io": {
        version: "v1",
        kinds: {
            ExternalSecret: "externalsecrets",
            ClusterSecretStore: "clustersecretstores",
            SecretStore: "secretstores",
        },
    },
};
const CORE: Record<string, string> = { pods: "Pod", events: "Event", nodes: "Node" };

/**
 * A cluster that holds these objects, as its API shows it: lists, single objects and discovery. `forbidden` are parts of
 * paths that it refuses with 403; with `$` after it, the end of a path.
 */
export function clusterOf(objects: readonly AnyObject[], forbidden: readonly string[] = []): ClusterApi {
    const refuse = (path: string) => {
        if (forbidden.some(part => (part.endsWith("$") ? path.endsWith(part.slice(0, -1)) : path.includes(part))))
            throw new ApiFailure(`GET ${path} with 403`, 403);
    };
    const served = (path: string) => {
        const plural = path.split("/").at(-1)!;
        const core = CORE[plural];
        if (core !== undefined) return objects.filter(({ kind }) => kind === core);
        const kinds = Object.values(GROUPS).flatMap(group => Object.entries(group.kinds));
        const kind = kinds.find(([, name]) => name === plural)?.[0];
        return objects.filter(one => one.kind === kind);
    };
    const stand = {
        server: "https://cluster.example",
        context: "test",
        async *list(path: string, query: ListQuery = {}) {
            refuse(path);
            yield* served(path).filter(one => isSelected(one, query.fieldSelector));
        },
        async find(path: string) {
            refuse(path);
            const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
            if (group !== undefined) {
                const known = GROUPS[group];
                return known && { preferredVersion: known, versions: [known] };
            }
            const [, , namespace, plural, name] = /^\/api\/v1(\/namespaces\/([^/]+))?\/(\w+)\/(.+)$/.exec(path) ?? [];
            const kind = plural === "secrets" ? "Secret" : CORE[plural ?? ""];
            return objects.find(
                one => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
            );
        },
        async get(path: string) {
            const [, group = ""] = /^\/apis\/([^/]+)\/[^/]+$/.exec(path) ?? [];
            const kinds = Object.entries(GROUPS[group]!.kinds);
            return {
                resources: kinds.map(([kind, name]) => ({ kind, name, namespaced: kind !== "ClusterSecretStore" })),
            };
        },
    };
    return stand as unknown as ClusterApi;
}

function isSelected(object: AnyObject, selector: string | undefined): boolean {
    return (selector?.split(",") ?? []).every(part => {
        const [, path = "", operator, value] = /^([\w.]+)(!?=)(.*)$/.exec(part) ?? [];
        const found = path
            .split(".")
            .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
        return (found === value) === (operator === "=");
    });
}

export function pod(
    name: string,
    over: { image?: string; node?: string; waiting?: object; status?: object } = {},
): AnyObject {
    const { image = "ghcr.io/team/app:1", node = "worker1", waiting, status = {} } = over;
    const state = { waiting: waiting ?? { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` } };
    return {
        kind: "Pod",
        metadata: { namespace: "apps", name },
        spec: { nodeName: node, containers: [{ name: "main", image }] },
        status: { phase: "Pending", containerStatuses: [{ name: "main", image, state }], ...status },
    };
}

export const CREATING = { reason: "ContainerCreating" };

let events = 0;

export function event(
    of: { kind?: string; name: string; namespace?: string },
    reason: string,
    message: string,
): AnyObject {
    const { kind = "Pod", name, namespace = "apps" } = of;
    return {
        kind: "Event",
        metadata: { namespace, name: `event-${++events}` },
        involvedObject: { kind, namespace, name },
        type: "Warning",
        reason,
        message,
        count: 3,
        firstTimestamp: "2026-01-31T12:00:00Z",
        lastTimestamp: "2026-01-31T12:10:00Z",
        source: { host: kind === "Pod" ? "worker1" : "" },
    };
}

/** A pod that waits for its image, and the event that says why. */
export function stuckPull(name: string, image: string, why: string): AnyObject[] {
    return [pod(name, { image }), event({ name }, "Failed", `Failed to pull image "${image}": ${why}`)];
}

export function flux(
    kind: string,
    name: string,
    over: { spec?: object; status?: object; generation?: number } = {},
): AnyObject {
    const { spec = {}, status = {}, generation = 1 } = over;
    return { kind, metadata: { namespace: "flux-system", name, generation }, spec, status };
}

export function condition(status: string, reason: string, message: string, more: object = {}): object {
    return { type: "Ready", status, reason, message, lastTransitionTime: "2026-01-31T12:00:00Z", ...more };
}

export const READY = { conditions: [condition("True", "Succeeded", "done")], observedGeneration: 1 };

export function git(status: object = { ...READY, artifact: { revision: "main@sha1:1" } }): AnyObject {
    return flux("GitRepository", "fleet", { spec: { url: "https://git.example.com/fleet" }, status });
}

export const FROM_GIT = { sourceRef: { kind: "GitRepository", name: "fleet" } };
