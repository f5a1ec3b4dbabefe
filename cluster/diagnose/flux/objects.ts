import type { ClusterApi } from "../../api/clusterApi.ts";
import { type Condition, conditionOf, type Metadata } from "../../api/objects.ts";
import { type ServedKind, servedKinds } from "../../api/servedKinds.ts";
import type { LookedAt } from "../lookedAt.ts";

interface Reference {
    kind: string;
    name: string;
    namespace?: string;
}

interface Status {
    conditions?: Condition[];
    observedGeneration?: number;
    artifact?: { revision?: string };
    helmChart?: string;
    url?: string;
}

export interface FluxObject {
    kind: string;
    metadata: Metadata;
    spec: {
        suspend?: boolean;
        url?: string;
        endpoint?: string;
        bucketName?: string;
        type?: string;
        chart?: string | { spec?: { sourceRef?: Reference } };
        chartRef?: Reference;
        sourceRef?: Reference;
        releaseName?: string;
        targetNamespace?: string;
        dependsOn?: { name: string; namespace?: string }[];
    };
    status?: Status;
}

/** Kinds of sources that are looked at. */
export const SOURCE_KINDS: readonly string[] = [
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "HelmChart",
    "Bucket",
];

/** Everything of Flux that can keep a deploy from arriving, what is suspended included. */
export interface FluxObjects {
    sources: FluxObject[];
    /** Kustomizations and HelmReleases. */
    releases: FluxObject[];
    /** Kinds whose list may not be read: nothing can be said of what refers to them. */
    hidden: ReadonlySet<string>;
}

/** Reads Flux's objects of all namespaces, in whichever versions the cluster serves; none where it has no Flux. */
export async function fluxObjects(api: ClusterApi, lookedAt: LookedAt): Promise<FluxObjects> {
    const [source, kustomize, helm] = await Promise.all(
        ["source", "kustomize", "helm"].map(part => {
            const group = `${part}.toolkit.fluxcd.io`;
            return lookedAt.at(`Kinds of ${group}`, new Map<string, ServedKind>(), () => servedKinds(api, group));
        }),
    );
    const hidden = new Set<string>();
    const all = async (kinds: (ServedKind | undefined)[]) => {
        const lists = kinds.flatMap(kind => (kind === undefined ? [] : [listOf(api, kind, lookedAt, hidden)]));
        return (await Promise.all(lists)).flat();
    };
    const [sources, releases] = await Promise.all([
        all(SOURCE_KINDS.map(kind => source!.get(kind))),
        all([kustomize!.get("Kustomization"), helm!.get("HelmRelease")]),
    ]);
    return { sources, releases, hidden };
}

async function listOf(
    api: ClusterApi,
    { kind, listPath }: ServedKind,
    lookedAt: LookedAt,
    hidden: Set<string>,
): Promise<FluxObject[]> {
    const found = await lookedAt.at<FluxObject[] | undefined>(`${kind} objects`, undefined, async () => {
        const objects: FluxObject[] = [];
        // Items of a list come without their kind.
        for await (const object of api.list<FluxObject>(listPath)) objects.push({ ...object, kind });
        return objects;
    });
    if (found === undefined) hidden.add(kind);
    return found ?? [];
}

/** Whether no controller has looked at it: Flux's kinds are created with an observed generation of -1. */
export function isUntouched({ status }: FluxObject): boolean {
    return (status?.conditions ?? []).length === 0 && (status?.observedGeneration ?? -1) < 1;
}

/** The generation that its Ready condition speaks of, where that is not the newest one. */
export function generationBehind(object: FluxObject): number | undefined {
    const { generation } = object.metadata;
    const ready = conditionOf(object, "Ready");
    // The controllers raise the status' own generation on success only, and the condition's at each try.
    const seen = ready?.observedGeneration ?? object.status?.observedGeneration;
    return generation !== undefined && seen !== undefined && seen > 0 && seen < generation ? seen : undefined;
}

/** `Kind/namespace/name`. */
export function fluxName({ kind, metadata }: Pick<FluxObject, "kind" | "metadata">): string {
    return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** What a Kustomization, HelmRelease or HelmChart takes its content from, as `fluxName` writes it. */
export function sourcesOf({ kind, metadata, spec, status }: FluxObject): string[] {
    const inChart = typeof spec.chart === "object" ? spec.chart.spec?.sourceRef : undefined;
    const references = [spec.sourceRef, spec.chartRef, inChart].filter(one => one !== undefined);
    const chart = kind === "HelmRelease" && status?.helmChart ? [`HelmChart/${status.helmChart}`] : [];
    return [
        ...references.map(({ kind, namespace, name }) => `${kind}/${namespace ?? metadata.namespace}/${name}`),
        ...chart,
    ];
}
