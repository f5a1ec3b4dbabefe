import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { repositoryRoot } from "../../cli/root.ts";
import { fluxKustomizations } from "../../cluster/lint/flux/kustomization.ts";
import { isClusterScoped } from "../../cluster/lint/object.ts";
import { givenPaths, openRepository } from "../../cluster/lint/repository/repository.ts";
import type { Located } from "../../cluster/lint/yaml/document.ts";
import { fluxBuilder } from "../../lab/controlPlane/binaries.ts";

const FIXTURES = join(repositoryRoot, "test/unit/cluster/lint/fixtures");

let builder: string;
let copies: string;
beforeAll(async () => {
    builder = await fluxBuilder(sentence => process.stderr.write(`${sentence}\n`));
    copies = mkdtempSync(join(tmpdir(), "clearpath-flux-"));
});
afterAll(() => rmSync(copies, { recursive: true, force: true }));

interface Built {
    objects: string[];
    isRefused: boolean;
}

/** Each Kustomization of repositories, as lint builds it and as Flux does. Those that lint could not read whole are left out. */
function bothBuilds(tops: readonly string[]): { name: string; ours: Built; flux: Built }[] {
    const builds = tops.flatMap(ourBuilds);
    const input = builds.map(({ job }) => `${JSON.stringify(job)}\n`).join("");
    const { stdout } = spawnSync(builder, { input, encoding: "utf8", maxBuffer: 1 << 28 });
    const answers = stdout
        .split("\n")
        .filter(Boolean)
        .map(line => JSON.parse(line));
    expect(answers).toHaveLength(builds.length);
    return builds.map(({ name, ours }, position) => {
        const { objects, refusal } = answers[position] as { objects: unknown[] | null; refusal?: string };
        const flux = { isRefused: refusal !== undefined, objects: (objects ?? []).map(essence).sort() };
        return { name, ours, flux };
    });
}

function ourBuilds(top: string) {
    const { kustomizations } = fluxKustomizations(openRepository(top, givenPaths([top])));
    return kustomizations.flatMap(({ object, directory, applies, unread }) => {
        const isRefused = unread.some(({ message }) => message.startsWith("Flux refuses"));
        const kustomization = plain(object.root) as { spec: { postBuild?: { substituteFrom?: unknown } } };
        const isKnown = directory !== undefined && !kustomization.spec.postBuild?.substituteFrom;
        if (!isKnown || (unread.length > 0 && !isRefused)) return [];
        const job = { top, directory: relative(top, directory), kustomization };
        const objects = applies.map(({ root }) => essence(plain(root))).sort();
        return [{ name: `${basename(top)} ${object.name}`, job, ours: { isRefused, objects } }];
    });
}

function plain(value: Located): unknown {
    if (value.type === "scalar") return value.value;
    if (value.type === "list") return value.items.map(plain);
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]));
}

interface Manifest {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string; labels?: object; annotations?: Record<string, string> };
    spec?: unknown;
}

/** What rules read of an object: its identity, marks, and the `spec` of what Flux and External Secrets read. */
function essence(manifest: unknown): string {
    const { apiVersion, kind, metadata, spec } = manifest as Manifest;
    const { namespace, labels = {} } = metadata;
    const { "config.kubernetes.io/origin": _, ...annotations } = metadata.annotations ?? {};
    // kustomize gives generated ones a hash in their name, and takes cluster-wide custom resources for namespaced ones.
    const name = ["ConfigMap", "Secret"].includes(kind) ? metadata.name.replace(/-[a-z0-9]{10}$/, "") : metadata.name;
    const place = isClusterScoped({ kind }) ? undefined : namespace;
    const isRead = /fluxcd|external-secrets/.test(apiVersion);
    return JSON.stringify(sorted({ apiVersion, kind, name, place, labels, annotations, spec: isRead ? spec : null }));
}

function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value === undefined ? null : value;
    return Object.fromEntries(
        Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
    );
}

describe("lint builds what Flux builds", () => {
    test.each(readdirSync(FIXTURES).filter(name => !name.includes(".")))("of the repository %s", name => {
        const copy = join(copies, name);
        cpSync(join(FIXTURES, name), copy, { recursive: true });
        for (const { name, ours, flux } of bothBuilds([copy])) expect({ name, ...ours }).toEqual({ name, ...flux });
    });

    test("of generated repositories, what it refuses included", () => {
        const tops = fc.sample(repository, 60).map((files, position) => {
            const top = join(copies, `generated-${position}`);
            for (const [path, content] of Object.entries(files)) {
                mkdirSync(dirname(join(top, path)), { recursive: true });
                writeFileSync(join(top, path), content);
            }
            return top;
        });
        const builds = bothBuilds(tops);
        for (const { name, ours, flux } of builds) {
            const top = join(copies, name.split(" ")[0] as string);
            const files = [
                "flux.yaml",
                "base/kustomization.yaml",
                "overlay/kustomization.yaml",
                "component/kustomization.yaml",
            ];
            const written = files
                .filter(file => existsSync(join(top, file)))
                .map(file => readFileSync(join(top, file), "utf8"));
            expect(ours, [name, ...written].join("\n---\n")).toEqual(flux);
        }
        // Both ways are tried.
        const refused = builds.filter(({ flux }) => flux.isRefused).length;
        expect(refused).toBeGreaterThan(2);
        expect(refused).toBeLessThan(builds.length - 10);
    });
});

const names = ["app", "db", "web"] as const;
const kinds = [
    { apiVersion: "v1", kind: "ConfigMap" },
    { apiVersion: "apps/v1", kind: "Deployment" },
    { apiVersion: "v1", kind: "Namespace" },
    { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret" },
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" },
];
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const labels = fc.dictionary(fc.constantFrom("tier", "team"), fc.constantFrom("a", "b"), { minKeys: 1, maxKeys: 2 });

const object = fc
    .record({
        type: fc.constantFrom(...kinds),
        name: fc.constantFrom(...names, "${NAME}-x"),
        namespace: some(fc.constantFrom("one", "two")),
        labels: some(labels),
        value: fc.constantFrom("plain", "${NAME}", "${NAME:-fallback}", "${MISSING}"),
    })
    .map(({ type, name, namespace, labels, value }) => ({
        ...type,
        metadata: { name, ...(namespace && type.kind !== "Namespace" && { namespace }), ...(labels && { labels }) },
        ...(type.kind === "ConfigMap" || type.kind === "Namespace" ? {} : { spec: { value, list: [{ name: value }] } }),
    }));

const selector = fc.constantFrom("tier=a", "tier in (a, b)", "tier notin (a)", "!tier", "tier,team!=b", "team");
const target = fc.record(
    {
        kind: fc.constantFrom("ConfigMap", "Deploy.*", "Kustomization"),
        name: fc.constantFrom("app", "x-.*", ".*b"),
        namespace: fc.constantFrom("one", "default", "new"),
        labelSelector: selector,
    },
    { requiredKeys: [] },
);
const patch = fc.record({
    target,
    patch: fc.constantFrom(
        "- op: add\n  path: /metadata/annotations\n  value: { touched: changed }\n",
        "- op: replace\n  path: /metadata/name\n  value: renamed\n",
        '[{ "op": "remove", "path": "/spec/value" }]',
        "apiVersion: any\nkind: any\nmetadata:\n  name: any\n  labels:\n    tier: b\n",
        "$patch: delete\napiVersion: any\nkind: any\nmetadata:\n  name: any\n",
    ),
});
const replacement = fc.record({
    source: fc.constantFrom({ kind: "Deployment", name: "app" }, { kind: "ConfigMap", name: "db" }),
    targets: fc.constantFrom(
        [{ select: { kind: "ExternalSecret" }, fieldPaths: ["spec.value"] }],
        [{ select: { kind: "Kustomization", name: "w.*" }, fieldPaths: ["spec.list.0.name", "spec.list.*.name"] }],
        [{ select: { kind: "ConfigMap" }, fieldPaths: ["metadata.annotations.copied"], options: { create: true } }],
    ),
});
const section = fc.record(
    {
        namespace: fc.constantFrom("new", "one"),
        namePrefix: fc.constant("x-"),
        nameSuffix: fc.constant("-y"),
        labels: fc.array(fc.record({ pairs: labels }), { maxLength: 1 }),
        commonAnnotations: fc.constant({ note: "a" }),
        patches: fc.array(patch, { maxLength: 2 }),
        replacements: fc.array(replacement, { maxLength: 1 }),
        configMapGenerator: fc.constant([{ name: "made", literals: ["a=b"] }]),
    },
    { requiredKeys: [] },
);
const objects = fc.uniqueArray(object, {
    maxLength: 4,
    selector: ({ kind, metadata }) => `${kind} ${metadata.name}`,
});
const spec = fc.record(
    {
        targetNamespace: fc.constantFrom("flux", "two"),
        namePrefix: fc.constant("p-"),
        patches: fc.array(patch, { maxLength: 1 }),
        components: fc.constantFrom(["../component"], []),
        postBuild: fc.constantFrom({ substitute: { NAME: "shop" } }, {}),
    },
    { requiredKeys: [] },
);

const repository = fc
    .record({
        base: section,
        inBase: objects,
        overlay: section,
        own: objects,
        component: section,
        extra: objects,
        spec,
        isPlain: fc.boolean(),
    })
    .map(({ base, inBase, overlay, own, component, extra, spec, isPlain }) => {
        const all = (list: unknown[]) => list.map(one => stringify(one)).join("---\n") || "# nothing\n";
        const sync = {
            apiVersion: "kustomize.toolkit.fluxcd.io/v1",
            kind: "Kustomization",
            metadata: { name: "apps", namespace: "flux-system" },
            spec: {
                path: "./overlay",
                prune: true,
                sourceRef: { kind: "GitRepository", name: "flux-system" },
                ...spec,
            },
        };
        return {
            "flux.yaml": stringify(sync),
            "base/all.yaml": all([{ ...kinds[0], metadata: { name: "first" } }, ...inBase]),
            "base/kustomization.yaml": stringify({ resources: ["all.yaml"], ...base }),
            "overlay/own.yaml": all([{ ...kinds[0], metadata: { name: "second" } }, ...own]),
            ...(!isPlain && {
                "overlay/kustomization.yaml": stringify({ resources: ["../base", "own.yaml"], ...overlay }),
            }),
            "component/extra.yaml": all([{ ...kinds[0], metadata: { name: "third" } }, ...extra]),
            "component/kustomization.yaml": stringify({ kind: "Component", resources: ["extra.yaml"], ...component }),
        };
    });
