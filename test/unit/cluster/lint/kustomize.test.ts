import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluated } from "../../../../cluster/lint/flux/expression.ts";
import { fluxKustomizations } from "../../../../cluster/lint/flux/kustomization.ts";
import { parseSelector } from "../../../../cluster/lint/kustomize/selector.ts";
import { nameOf } from "../../../../cluster/lint/object.ts";
import { givenPaths, openRepository } from "../../../../cluster/lint/repository/repository.ts";
import { text } from "../../../../cluster/lint/yaml/located.ts";
import { deployment, kustomization, repositoryOf, store } from "./written.ts";

const configMap = (name: string, more = "") =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: '${name}'${more} }\ndata: { key: value }\n---\n`;
const touch = "[{ op: add, path: /metadata/annotations, value: { touched: 'yes' } }]";

/** What the only Kustomization of a repository applies, as `Kind/namespace/name`, with `*` where a patch touched it. */
function built(files: Record<string, string>, parts: { path?: string; spec?: string } = {}): string[] {
    const top = repositoryOf({ "flux.yaml": kustomization({ name: "apps", path: "./apps", ...parts }), ...files });
    const [apps] = fluxKustomizations(openRepository(top, givenPaths([top]))).kustomizations;
    const refusals = (apps?.unread ?? []).map(({ message }) => message);
    const objects = (apps?.applies ?? []).map(object => {
        const isTouched = text(object.root, "metadata", "annotations", "touched") === "yes";
        return `${nameOf(object)}${isTouched ? "*" : ""}`;
    });
    return [...objects, ...refusals];
}

describe("a build", () => {
    test.each([
        ["tier in (web, app)", ["a*", "b", "none"]],
        ["tier notin (web)", ["a", "b*", "none*"]],
        ["tier", ["a*", "b*", "none"]],
        ["!tier", ["a", "b", "none*"]],
        ["tier!=web,tier", ["a", "b*", "none"]],
        ["tier in (web),tier notin (db)", ["a*", "b", "none"]],
    ])("takes the selector %s as Kubernetes does", (selector, expected) => {
        const objects = built({
            "apps/kustomization.yaml": `resources: [all.yaml]\npatches:\n  - target: { labelSelector: "${selector}" }\n    patch: "${touch}"\n`,
            "apps/all.yaml":
                configMap("a", ", labels: { tier: web }") +
                configMap("b", ", labels: { tier: db }") +
                configMap("none"),
        });
        expect(objects).toEqual(expected.map(name => `ConfigMap/${name}`));
    });

    test("refuses a selector that Kubernetes refuses", () => {
        const files = { "apps/all.yaml": configMap("a") };
        const spec = `patches: [{ target: { labelSelector: "tier in web" }, patch: "${touch}" }]`;
        expect(built(files, { spec })).toEqual([expect.stringContaining("tier in web is not a selector")]);
    });

    test("has the labels and annotations of a base before an overlay's selectors are asked", () => {
        const objects = built({
            "apps/kustomization.yaml": `resources: [./base]\npatches:\n  - target: { labelSelector: tier=web, annotationSelector: team }\n    patch: "${touch.replace("/metadata/annotations, value: { touched: 'yes' }", "/metadata/annotations/touched, value: 'yes'")}"\n`,
            "apps/base/kustomization.yaml":
                "resources: [a.yaml]\nlabels: [{ pairs: { tier: web } }]\ncommonAnnotations: { team: red }\n",
            "apps/base/a.yaml": configMap("a"),
        });
        expect(objects).toEqual(["ConfigMap/a*"]);
    });

    test("has a component's objects before the overlay's own patches, names and namespaces", () => {
        const objects = built(
            {
                "apps/kustomization.yaml": `namespace: shop\nnamePrefix: my-\nresources: [a.yaml]\npatches:\n  - target: { name: from-component }\n    patch: "${touch}"\n`,
                "apps/a.yaml": configMap("a"),
                "component/kustomization.yaml": "kind: Component\nresources: [b.yaml]\n",
                "component/b.yaml": configMap("from-component"),
            },
            { spec: "components: [../component]" },
        );
        expect(objects).toEqual(["ConfigMap/shop/my-a", "ConfigMap/shop/my-from-component*"]);
    });

    test("replaces an overlay's namespace by the target namespace before patches of the same level are gone through", () => {
        const files = {
            "apps/kustomization.yaml": "namespace: one\nnamePrefix: a-\nresources: [a.yaml]\n",
            "apps/a.yaml": configMap("x"),
        };
        expect(built(files, { spec: "targetNamespace: two\n  namePrefix: b-" })).toEqual(["ConfigMap/two/b-x"]);
    });

    test.each([
        ["the name before a prefix", "name: x", "*"],
        ["the name after a prefix", "name: a-x", "*"],
        ["the namespace that the object was written with", "namespace: old", "*"],
        ["the namespace that it has now", "namespace: new", "*"],
        ["no namespace, which is default", "namespace: default", ""],
        ["a part of the name", "name: a", ""],
    ])("finds a patch's target by %s", (_, target, mark) => {
        const objects = built({
            "apps/kustomization.yaml": `resources: [./base]\npatches:\n  - target: { ${target} }\n    patch: "${touch}"\n`,
            "apps/base/kustomization.yaml": "namespace: new\nnamePrefix: a-\nresources: [x.yaml]\n",
            "apps/base/x.yaml": configMap("x", ", namespace: old"),
        });
        expect(objects).toEqual([`ConfigMap/new/a-x${mark}`]);
    });

    test("keeps kind, version and name of an object that a merge patch with a target calls something else", () => {
        const spec = `patches: [{ target: { name: a }, patch: "${configMap("other").replace("kind: ConfigMap", "kind: any").replaceAll("\n", "\\n").replace("---\\n", "")}" }, { target: { version: v1 }, patch: '${touch.replaceAll("'", '"')}' }]`;
        expect(built({ "apps/a.yaml": configMap("a") }, { spec })).toEqual(["ConfigMap/a*"]);
    });

    test("refuses to generate a ConfigMap twice, also under a name that it has had", () => {
        const files = {
            "apps/kustomization.yaml": "resources: [./base]\nconfigMapGenerator: [{ name: made }]\n",
            "apps/base/kustomization.yaml": "namePrefix: a-\nconfigMapGenerator: [{ name: made }]\n",
        };
        expect(built(files)).toEqual([
            expect.stringContaining("ConfigMap/made, which is to be generated, is there already"),
        ]);
    });

    test("copies fields by replacements, a part of one too", () => {
        const objects = built({
            "apps/kustomization.yaml": `resources: [all.yaml]
replacements:
  - source: { kind: ConfigMap, name: settings, fieldPath: data.gate }
    targets:
      - select: { kind: ConfigMap, name: x }
        fieldPaths: [metadata.name]
      - select: { kind: Pod }
        reject: [{ name: other }]
        fieldPaths: ["spec.containers.[name=app].image", metadata.namespace]
        options: { create: true }
`,
            "apps/all.yaml": `${configMap("settings").replace("key: value", "gate: stores")}${configMap("x")}apiVersion: v1
kind: Pod
metadata: { name: pod }
spec: { containers: [{ name: app, image: a }] }
`,
        });
        expect(objects).toEqual(["ConfigMap/settings", "ConfigMap/stores", "Pod/stores/pod"]);
    });

    test.each([
        [
            "a Component under resources",
            { "apps/kustomization.yaml": "resources: [./c]\n", "apps/c/kustomization.yaml": "kind: Component\n" },
            "is a Component, which belongs under components",
        ],
        [
            "an overlay under components",
            { "apps/kustomization.yaml": "components: [./c]\n", "apps/c/kustomization.yaml": "namePrefix: a\n" },
            "is not a Component",
        ],
        ["YAML that is broken", { "apps/a.yaml": configMap("a"), "apps/b.yaml": "a: [\n" }, "not readable as YAML"],
        ["YAML that is no object", { "apps/values.yaml": "a: 1\n" }, "no Kubernetes object"],
        ["two objects of one name", { "apps/a.yaml": configMap("a") + configMap("a") }, "there twice"],
        [
            "a patch that names no object",
            {
                "apps/kustomization.yaml": `resources: [a.yaml]\npatches:\n  - patch: "${configMap("b").replaceAll("\n", "\\n").replace("---\\n", "")}"\n`,
                "apps/a.yaml": configMap("a"),
            },
            "the patch for ConfigMap/b fits no object",
        ],
        [
            "an operation that does not fit",
            {
                "apps/kustomization.yaml":
                    'resources: [a.yaml]\npatches:\n  - target: { kind: ConfigMap }\n    patch: "[{ op: remove, path: /data/none }]"\n',
                "apps/a.yaml": configMap("a"),
            },
            "remove /data/none does not fit",
        ],
        [
            "a directory that includes itself",
            { "apps/kustomization.yaml": "resources: [./b]\n", "apps/b/kustomization.yaml": "resources: [../b]\n" },
            "includes itself",
        ],
    ])("is refused, and then applies nothing, for %s", (_, files, reason) => {
        expect(built(files)).toEqual([expect.stringMatching(/^Flux refuses to build this/)]);
        expect(built(files)[0]).toContain(reason);
    });

    test("makes the ConfigMaps of generators, with the options that all of them share", () => {
        const objects = built({
            "apps/kustomization.yaml": `namespace: shop
generatorOptions: { annotations: { touched: "yes" } }
configMapGenerator:
  - { name: made, literals: [a=b], files: [script.sh] }
`,
            "apps/script.sh": "echo",
        });
        expect(objects).toEqual(["ConfigMap/shop/made*"]);
    });
});

test("a generated ConfigMap of bytes that are no text has no variables in it", () => {
    const top = repositoryOf({
        "flux.yaml": kustomization({ name: "apps", spec: "postBuild: { substitute: { A: b } }" }),
        "apps/kustomization.yaml": "configMapGenerator: [{ name: icon, files: [icon.png] }]\n",
    });
    writeFileSync(join(top, "apps/icon.png"), Buffer.from([0x89, 0xff, ...Buffer.from("${m?}")]));
    const [apps] = fluxKustomizations(openRepository(top, givenPaths([top]))).kustomizations;
    expect(apps?.applies.map(nameOf)).toEqual(["ConfigMap/icon"]);
});

test("what is shown of text that Flux refuses is short and escaped", () => {
    const written = `\${\u001b[31m${"x".repeat(100)}}`;
    expect(() => evaluated(written, () => "")).toThrow(/^not a variable: "\$\{\\u001b\[31mx{35}"$/);
});

describe("variables", () => {
    const values = new Map([
        ["NAME", "shop"],
        ["EMPTY", ""],
    ]);
    test.each([
        ["${NAME}", "shop"],
        ["a-${NAME}-b-${NAME}", "a-shop-b-shop"],
        ["${OTHER}", ""],
        ["${OTHER:-default}", "default"],
        ["${EMPTY:=default}", "default"],
        ["${NAME:-default}", "shop"],
        ["${OTHER:-${NAME}}", "shop"],
        ["${NAME^^}", "SHOP"],
        ["${NAME^}", "Shop"],
        ["${NAME:1:2}", "ho"],
        ["${NAME/s/d}", "dhop"],
        ["${NAME%op}", "sh"],
        ["${#NAME}", "4"],
        ["$${NAME}", "${NAME}"],
        ["$NAME and $(NAME)", "$NAME and $(NAME)"],
    ])("in %s give %j, as Flux has it", (written, expected) => {
        expect(evaluated(written, name => values.get(name) ?? "")).toBe(expected);
    });

    test.each(["${a.b}", "${NAME", "${NAME-x}", "${1A}"])("in %s are refused, as Flux does", written => {
        expect(() => evaluated(written, () => "")).toThrow();
    });

    test("end with text or a refusal, whatever is written", () => {
        const part = fc.constantFrom("$", "{", "}", "${", "A", ":", "-", "/", "#", "%", "^", ",", "=", "*", "1", ".");
        fc.assert(
            fc.property(fc.array(part, { maxLength: 12 }), parts => {
                try {
                    expect(typeof evaluated(parts.join(""), () => "value")).toBe("string");
                } catch (error) {
                    expect((error as Error).name).toBe("BadSubstitution");
                }
            }),
            { numRuns: 2000 },
        );
    });

    test("that nothing sets are empty, and stay as written where a Secret may set them", () => {
        const files = { "apps/a.yaml": configMap("a${X}") };
        expect(built(files, { spec: "postBuild: { substitute: { Y: y } }" })).toEqual(["ConfigMap/a"]);
        const fromSecret = "postBuild: { substituteFrom: [{ kind: Secret, name: settings }] }";
        expect(built(files, { spec: fromSecret })).toEqual(["ConfigMap/a${X}"]);
        expect(built(files)).toEqual(["ConfigMap/a${X}"]);
    });

    test("come from a ConfigMap of the repository, the same cluster's where clusters share a name", () => {
        const settings = (name: string) =>
            `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: flux-system }\ndata: { CLUSTER: ${name} }\n`;
        const sync = (cluster: string) =>
            kustomization({
                name: "flux-system",
                path: `./clusters/${cluster}`,
                spec: "postBuild: { substituteFrom: [{ kind: ConfigMap, name: settings }] }",
            });
        const stores = kustomization({ name: "stores", path: "./stores/${CLUSTER}" });
        const files = Object.fromEntries(
            ["home", "work"].flatMap(cluster => [
                [`clusters/${cluster}/sync.yaml`, sync(cluster) + stores],
                [`clusters/${cluster}/settings.yaml`, settings(cluster)],
                [`stores/${cluster}/store.yaml`, cluster === "home" ? store : deployment],
            ]),
        );
        const top = repositoryOf(files);
        const { kustomizations } = fluxKustomizations(openRepository(top, givenPaths([top])));
        const applied = kustomizations.filter(({ object }) => object.name === "stores").map(({ applies }) => applies);
        expect(applied.map(objects => objects.map(nameOf))).toEqual([
            ["ClusterSecretStore/vault"],
            ["Deployment/app/app"],
        ]);
    });
});

describe("a selector", () => {
    test("of any text is read or refused, and never throws", () => {
        const part = fc.constantFrom("a", "in", "notin", " ", "(", ")", ",", "=", "!", "!=", "==", "<", ">", "x/y");
        fc.assert(
            fc.property(fc.array(part, { maxLength: 10 }), parts => {
                const selects = parseSelector(parts.join(""));
                if (selects) expect(typeof selects(() => "a")).toBe("boolean");
            }),
            { numRuns: 2000 },
        );
    });
});
