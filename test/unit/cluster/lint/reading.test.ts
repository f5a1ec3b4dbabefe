import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { fluxKustomizations } from "../../../../cluster/lint/flux/kustomization.ts";
import { outsideGroups, parseMirrorGroups } from "../../../../cluster/lint/images/mirrorGroups.ts";
import { imageName, imagesOf, parseImage } from "../../../../cluster/lint/images/reference.ts";
import { lint } from "../../../../cluster/lint/lint.ts";
import { nameOf } from "../../../../cluster/lint/object.ts";
import { givenPaths, openRepository } from "../../../../cluster/lint/repository/repository.ts";
import { parseYamlFile } from "../../../../cluster/lint/yaml/file.ts";
import { at, isTrue, text } from "../../../../cluster/lint/yaml/located.ts";

const fixtures = join(import.meta.dirname, "fixtures");

describe("an overlay", () => {
    const top = join(fixtures, "overlays");
    const [apps] = fluxKustomizations(openRepository(top, givenPaths([top]))).kustomizations;

    test("is built with components, patches, prefixes, namespaces and variables, as Flux would", () => {
        expect(apps?.applies.map(nameOf)).toEqual([
            "Deployment/forced/home-app",
            "ExternalSecret/forced/home-podinfo-token",
        ]);
        expect(apps?.unread).toEqual([]);
    });

    test("merges containers by name", () => {
        const images = apps?.applies.flatMap(imagesOf).map(({ image }) => imageName(image));
        expect(images?.sort()).toEqual(["ghcr.io/example/podinfo:1", "ghcr.io/example/sidecar:2"]);
    });
});

describe("YAML", () => {
    test("is read with anchors, merge keys and YAML 1.1's booleans", () => {
        const file = parseYamlFile("a.yaml", "base: &b { wait: yes, name: a }\nuse:\n  <<: *b\n  name: b\n");
        const root = file.documents[0]?.root;
        expect(isTrue(root, "use", "wait")).toBe(true);
        expect(text(root, "use", "name")).toBe("b");
        expect(at(root, "use", "name")?.at.line).toBe(4);
    });

    test("of any kind is read without an exception", () => {
        fc.assert(
            fc.property(fc.oneof(fc.string({ unit: "binary" }), yamlish), content => {
                const file = parseYamlFile("any.yaml", content);
                for (const { line } of file.problems) expect(line).toBeGreaterThan(0);
            }),
            { numRuns: 500 },
        );
    });

    test.each([
        ["nested deeper than the stack", "[".repeat(200_000)],
        ["an alias of what it is in", "a: &a [*a]\n"],
        [
            "aliases that would unfold to a billion values",
            `a0: &a0 [x, x]\n${Array.from({ length: 60 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]\n`).join("")}`,
        ],
        ["another encoding", "\u0000\uFFFE kind"],
    ])("that is hostile is read without an exception: %s", (_, content) => {
        expect(() => parseYamlFile("any.yaml", content)).not.toThrow();
    });
});

describe("a repository of arbitrary files", () => {
    let repository: string;
    beforeEach(() => {
        repository = mkdtempSync(join(tmpdir(), "clearpath-lint-"));
        mkdirSync(join(repository, ".git"));
    });
    afterEach(() => rmSync(repository, { recursive: true }));

    test("is linted and fixed without an exception, whatever stands in its Flux objects", async () => {
        await fc.assert(
            fc.asyncProperty(fc.array(fluxish, { maxLength: 5 }), yamlish, async (objects, other) => {
                writeFileSync(join(repository, "flux.yaml"), objects.map(object => stringify(object)).join("---\n"));
                writeFileSync(join(repository, "kustomization.yaml"), other);
                const { findings } = await lint([repository], { fix: true });
                for (const { file, line, message } of findings) {
                    expect(file.startsWith(repository) && line > 0 && message.length > 0).toBe(true);
                }
            }),
            { numRuns: 150 },
        );
    });

    test("ends although every Kustomization applies every other", async () => {
        const all = Array.from({ length: 40 }, (_, n) => ({
            apiVersion: "kustomize.toolkit.fluxcd.io/v1",
            kind: "Kustomization",
            metadata: { name: `k${n}`, namespace: "flux-system" },
            spec: { path: "./", wait: true, sourceRef: { kind: "GitRepository", name: "flux-system" } },
        }));
        writeFileSync(join(repository, "flux.yaml"), all.map(object => stringify(object)).join("---\n"));
        expect((await lint([repository])).findings).toEqual([]);
    });
});

describe("an image reference", () => {
    test.each([
        ["nginx", "docker.io/library/nginx"],
        ["tailscale/tailscale:v1", "docker.io/tailscale/tailscale:v1"],
        ["index.docker.io/library/nginx:1", "docker.io/library/nginx:1"],
        ["ghcr.io/a/b:1.0", "ghcr.io/a/b:1.0"],
        ["registry:5000/a", "registry:5000/a"],
        [`quay.io/a/b:1@sha256:${"0".repeat(64)}`, `quay.io/a/b:1@sha256:${"0".repeat(64)}`],
    ])("%s is %s", (written, expected) => {
        const image = parseImage(written);
        expect(image && imageName(image)).toBe(expected);
    });

    test.each(["", "${IMAGE}", "a b", "://"])("%j is none", written => {
        expect(parseImage(written)).toBeUndefined();
    });
});

describe("mirror groups", () => {
    const groups = parseMirrorGroups("groups.json", '{"groups": {"flux": ["ghcr.io/a/b:1", "ghcr.io/a/any"]}}');

    test.each([
        ["ghcr.io/a/b:1", undefined],
        ["ghcr.io/a/b", undefined],
        ["ghcr.io/a/any:7", undefined],
        ["ghcr.io/a/b:2", { others: ["ghcr.io/a/b:1"] }],
        ["ghcr.io/a/c:1", { others: [] }],
    ])("say whether they hold %s", (written, expected) => {
        const image = parseImage(written);
        expect(image && outsideGroups(image, groups)).toEqual(expected);
    });
});

/** Text made of what YAML and templates are made of, so that it goes wrong in more interesting ways than random text. */
const yamlish = fc
    .array(
        fc.constantFrom(
            ...[
                "a",
                "kind",
                ": ",
                "\n",
                "  ",
                "- ",
                "{",
                "}",
                "{{ ",
                " }}",
                "[",
                "]",
                "&x ",
                "*x",
                "<<: ",
                "|\n",
                ">-\n",
            ],
            ...[
                "'",
                '"',
                "#",
                "---\n",
                "...\n",
                "!t ",
                "? ",
                "\t",
                "${A}",
                "resources:\n",
                "patches:\n",
                "%YAML 9\n",
                "\r",
            ],
        ),
        { maxLength: 40 },
    )
    .map(parts => parts.join(""));

const anyValue = fc.jsonValue({ maxDepth: 2 });
const store = { apiVersion: "external-secrets.io/v1", kind: "ClusterSecretStore", name: "doppler" };
const maybe = (value: unknown) => fc.oneof(fc.constant(value), anyValue);

/** Flux objects whose fields are right, or anything. */
const fluxish = fc.record(
    {
        apiVersion: fc.constantFrom(
            "kustomize.toolkit.fluxcd.io/v1",
            "helm.toolkit.fluxcd.io/v2",
            "external-secrets.io/v1",
        ),
        kind: fc.constantFrom("Kustomization", "HelmRelease", "ClusterSecretStore", "ExternalSecret"),
        metadata: maybe({ name: "a", namespace: "flux-system" }),
        spec: fc.oneof(
            fc.record({
                path: maybe("."),
                wait: maybe(true),
                sourceRef: maybe({ kind: "GitRepository", name: "flux-system" }),
                dependsOn: maybe([{ name: "a" }]),
                healthChecks: maybe([store]),
                healthCheckExprs: maybe([{ ...store, current: "status.ready" }]),
                patches: maybe([{ target: { kind: "(" }, patch: "- op: remove\n  path: /spec/0" }]),
                components: maybe(["."]),
                images: maybe([{ name: "a", newTag: "1" }]),
                postBuild: maybe({ substitute: { A: "b" } }),
                values: maybe({ image: { repository: "a/b" }, extra: [{ ...store, metadata: { name: "s" } }] }),
                target: maybe({ name: "secret" }),
            }),
            anyValue,
        ),
    },
    { requiredKeys: ["apiVersion", "kind", "metadata"] },
);
