import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { repositoryRoot } from "../../cli/root.ts";
import { lint } from "../../cluster/lint/lint.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { listPath, namespaces } from "./objects.ts";

const FIXTURES = join(repositoryRoot, "test/unit/cluster/lint/fixtures");
const CLUSTER_SCOPED = ["ClusterSecretStore", "Namespace"];

let cluster: ControlPlane;
let copies: string;
beforeAll(async () => {
    cluster = await startControlPlane();
    copies = mkdtempSync(join(tmpdir(), "clearpath-lint-"));
});
afterAll(async () => {
    await cluster?.stop();
    rmSync(copies, { recursive: true, force: true });
});

interface Stored {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
    [key: string]: unknown;
}

/** Objects of a file that an API server takes: what only kustomize reads stays where it is. */
function objectsIn(text: string): Stored[] {
    return parseAllDocuments(text)
        .map(document => document.toJS() as Stored | null)
        .filter(object => object?.kind !== undefined && !object.apiVersion.startsWith("kustomize.config.k8s.io/"))
        .map(object => completed(object!));
}

/** The object with what a cluster requires, no rule reads, and the repositories of these tests therefore leave out. */
function completed(object: Stored): Stored {
    const { kind, metadata, spec } = object as Stored & { spec: Record<string, object> };
    const labels = { app: metadata.name };
    if (kind === "Deployment") {
        const template = { ...spec.template, metadata: { labels } };
        return { ...object, spec: { selector: { matchLabels: labels }, ...spec, template } } as Stored;
    }
    if (kind === "HelmRelease" && !spec.chart && !spec.chartRef)
        return { ...object, spec: { ...spec, chartRef: { kind: "OCIRepository", name: metadata.name } } } as Stored;
    return object;
}

/** Writes an object to the cluster, which must take it with no word of complaint; gives it as the cluster then serves it. */
async function throughCluster(object: Stored, knownNamespaces: Set<string>): Promise<Stored> {
    const { namespace } = object.metadata;
    const isScoped = CLUSTER_SCOPED.includes(object.kind);
    // An overlay gives it its namespace.
    const placed =
        isScoped || namespace ? object : { ...object, metadata: { ...object.metadata, namespace: "default" } };
    const home = placed.metadata.namespace;
    if (home && !knownNamespaces.has(home)) {
        await namespaces(cluster, home);
        knownNamespaces.add(home);
    }
    if (object.kind === "Namespace" && knownNamespaces.has(object.metadata.name)) return object;
    const list = listPath(placed);
    await cluster.api.create(`${list}?fieldValidation=Strict`, placed);
    const served = await cluster.api.get<Stored>(`${list}/${object.metadata.name}`);
    await cluster.api.delete(`${list}/${object.metadata.name}`);
    const { namespace: _, ...unplaced } = served.metadata;
    const { apiVersion, kind } = object;
    return { ...served, apiVersion, kind, metadata: placed === object ? served.metadata : unplaced };
}

const knownNamespaces = new Set(["default", "kube-system"]);

test.each([
    { repository: "store-in-health-checks", finds: ["store-in-health-checks"] },
    { repository: "wait-on-store", finds: ["wait-on-store"] },
    { repository: "wait-in-chart", finds: ["wait-on-store"] },
    { repository: "chain", finds: ["not-read", "wait-on-store", "workload-waits-for-store"] },
    { repository: "chain-to-external-secret", finds: ["generated-secret-unchecked", "workload-waits-for-store"] },
    { repository: "bootstrap-secret", finds: ["generated-secret-unchecked"] },
    { repository: "images", finds: ["image-outside-mirror-groups"] },
    { repository: "store-not-judged", finds: [] },
])("finds in objects that the API server took and serves: $repository", async ({ repository, finds }) => {
    const source = join(FIXTURES, repository);
    const copy = join(copies, repository);
    cpSync(source, copy, { recursive: true });
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(name => name.endsWith(".yaml"));
    let written = 0;
    for (const file of files) {
        const objects = objectsIn(readFileSync(join(source, file), "utf8"));
        if (objects.length === 0) continue;
        const served: Stored[] = [];
        for (const object of objects) served.push(await throughCluster(object, knownNamespaces));
        writeFileSync(join(copy, file), served.map(object => stringify(object)).join("---\n"));
        written += served.length;
    }
    expect(written).toBeGreaterThan(0);

    const found = async (path: string) =>
        (await lint([path], { imageGroups: "plan" })).findings
            .map(({ rule, severity, object, chain }) => ({ rule, severity, object, chain }))
            .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    const inCluster = await found(copy);
    expect([...new Set(inCluster.map(({ rule }) => rule))]).toEqual(expect.arrayContaining(finds));
    expect(inCluster).toEqual(await found(source));
});
