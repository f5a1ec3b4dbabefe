import type { ClusterApi } from "../../api/clusterApi.ts";
import type { Condition, Metadata } from "../../api/objects.ts";
import { type ServedKind, servedKinds } from "../../api/servedKinds.ts";

interface Reference {
    kind: string;
    name: string;
    namespace?: string;
}

interface Status {
    conditions?: Condition[];
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

const SOURCE_KINDS = ["GitRepository", "OCIRepository", "HelmRepository", "HelmChart", "Bucket"];

/** Everything of Flux that can keep a deploy from arriving. */
export interface FluxObjects {
    sources: FluxObject[];
    /** Kustomizations and HelmReleases. */
    releases: FluxObject[];
}

/** Reads Flux's objects of all namespaces, in whichever versions the cluster serves; none where it has no Flux. */
export async function fluxObjects(api: ClusterApi): Promise<FluxObjects> {
    const [source, kustomize, helm] = await Promise.all(
        ["source", "kustomize", "helm"].map(part => servedKinds(api, `${part}.toolkit.fluxcd.io`)),
    );
    const served = (kinds: Map<string, ServedKind>, names: string[]) => names.flatMap(name => kinds.get(name) ?? []);
    const [sources, releases] = await Promise.all([
        all(api, served(source!, SOURCE_KINDS)),
        all(api, [...served(kustomize!, ["Kustomization"]), ...served(helm!, ["HelmRelease"])]),
    ]);
    return { sources, releases };
}

async function all(api: ClusterApi, kinds: ServedKind[]): Promise<FluxObject[]> {
    const lists = await Promise.all(
        kinds.map(async ({ kind, listPath }) => {
            const objects: FluxObject[] = [];
            // Items of a list come without their kind.
            for await (const object of api.list<FluxObject>(listPath)) objects.push({ ...object, kind });
            return objects;
        }),
    );
    return lists.flat().filter(({ spec }) => !spec.suspend);
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
