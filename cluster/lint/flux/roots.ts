import { type KubernetesObject, objectFrom, objectsOf } from "../object.ts";
import type { Located, LocatedMap, YamlFile } from "../yaml/document.ts";
import { at, scalar, text } from "../yaml/located.ts";
import { group, isHelmRelease } from "./api.ts";

/**
 * The Kustomizations that Flux Operator makes of a FluxInstance's `sync`, also of one in the values of the flux-instance
 * chart (https://fluxoperator.dev/docs/crd/fluxinstance/#sync-configuration).
 */
export function operatorRoots(files: readonly YamlFile[]): KubernetesObject[] {
    return files
        .flatMap(file => file.documents)
        .flatMap(document => {
            const objects = objectsOf(document);
            const syncs = objects.flatMap(object => {
                if (object.group === group.operator && object.kind === "FluxInstance") {
                    return [{ sync: at(object.root, "spec", "sync"), namespace: object.namespace }];
                }
                const values = isHelmRelease(object)
                    ? at(object.root, "spec", "values", "instance", "sync")
                    : undefined;
                return [{ sync: values, namespace: object.namespace }];
            });
            // A file of values for the chart is no Kubernetes object.
            if (objects.length === 0) syncs.push({ sync: at(document.root, "instance", "sync"), namespace: undefined });
            return syncs.flatMap(({ sync, namespace }) => rootOf(sync, namespace ?? "flux-system") ?? []);
        });
}

function rootOf(sync: Located | undefined, namespace: string): KubernetesObject | undefined {
    const path = at(sync, "path");
    if (sync?.type !== "map" || !path || text(path) === undefined) return undefined;
    const word = (value: string) => scalar(value, sync.at);
    const map = (entries: Record<string, Located>): LocatedMap => ({
        type: "map",
        entries: new Map(Object.entries(entries).map(([key, value]) => [key, { key: value.at, value }])),
        at: { document: sync.at.document, line: sync.at.line },
    });
    const name = text(sync, "name") ?? namespace;
    const root = map({
        apiVersion: word(`${group.kustomize}/v1`),
        kind: { ...word("Kustomization"), at: path.at },
        metadata: map({ name: word(name), namespace: word(namespace) }),
        spec: map({
            path,
            sourceRef: map({ kind: word(text(sync, "kind") ?? "GitRepository"), name: word(name) }),
        }),
    });
    return objectFrom(root, sync.at.document);
}
