import type { ClusterApi } from "./clusterApi.ts";

interface Group {
    preferredVersion: { version: string };
    versions: { version: string }[];
}

interface Resources {
    resources: { name: string; kind: string; namespaced: boolean }[];
}

/** Where the API server serves objects of one kind. */
export interface ServedKind {
    kind: string;
    /** Of all namespaces, e.g. `/apis/source.toolkit.fluxcd.io/v1/ocirepositories`. */
    listPath: string;
    objectPath(name: { namespace?: string; name: string }): string;
}

/** The kinds of an API group in the best version that serves each, by kind; none where the cluster lacks the group. */
export async function servedKinds(api: ClusterApi, group: string): Promise<Map<string, ServedKind>> {
    const found = await api.find<Group>(`/apis/${group}`);
    if (found === undefined) return new Map();
    const preferred = found.preferredVersion.version;
    const others = found.versions.map(({ version }) => version).filter(version => version !== preferred);
    const kinds = new Map<string, ServedKind>();
    for (const version of [preferred, ...others]) {
        const base = `/apis/${group}/${version}`;
        const { resources } = await api.get<Resources>(base);
        for (const { name, kind, namespaced } of resources)
            if (!name.includes("/") && !kinds.has(kind)) kinds.set(kind, servedKind(base, name, kind, namespaced));
    }
    return kinds;
}

function servedKind(base: string, plural: string, kind: string, namespaced: boolean): ServedKind {
    return {
        kind,
        listPath: `${base}/${plural}`,
        objectPath: ({ namespace, name }) =>
            namespaced ? `${base}/namespaces/${namespace}/${plural}/${name}` : `${base}/${plural}/${name}`,
    };
}
