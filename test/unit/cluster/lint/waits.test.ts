import { describe, expect, test } from "vitest";
import { lint } from "../../../../cluster/lint/lint.ts";
import { formatText } from "../../../../cluster/lint/text.ts";
import { deployment, foundIn, kustomization, repositoryOf, store } from "./written.ts";

const storeRef = "secretStoreRef: { kind: ClusterSecretStore, name: vault }";
const externalSecret = (name: string, spec = `${storeRef}, dataFrom: [{ extract: { key: a } }]`) =>
    `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: ${name}, namespace: app }\nspec: { ${spec} }\n---\n`;
const waiting = kustomization({ name: "stores", spec: "wait: true" });
const shop = kustomization({ name: "shop", spec: "dependsOn: [{ name: stores }]" });
const onStores = "error wait-on-store ks.yaml:5 Kustomization/flux-system/stores";
const onShop = "error workload-waits-for-store ks.yaml:13 Kustomization/flux-system/shop";

/** What waits, where `shop` depends on `stores`, which waits for all of its objects. */
async function found(stores: string, apps = deployment, ks = waiting + shop): Promise<string[]> {
    const lines = await foundIn(repositoryOf({ "ks.yaml": ks, "stores/all.yaml": stores, "shop/app.yaml": apps }));
    return lines.filter(line => !line.includes("generated-secret-unchecked"));
}

describe("a reader of a Secret", () => {
    const stores = store + externalSecret("shop");
    const related = [onStores];
    const unrelated = [onStores, onShop];

    test.each([
        [
            "a Deployment that mounts it",
            deployment.replace("{ containers", "{ volumes: [{ secret: { secretName: shop } }], containers"),
            related,
        ],
        [
            "a Deployment that pulls with it",
            deployment.replace("{ containers", "{ imagePullSecrets: [{ name: shop }], containers"),
            related,
        ],
        [
            "a Deployment that has its name",
            deployment.replace("name: app, namespace", "name: shop, namespace"),
            unrelated,
        ],
        [
            "a Deployment whose container has its name",
            deployment.replace("{ name: app, image", "{ name: shop, image"),
            unrelated,
        ],
        [
            "a HelmRelease whose values name it",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: a, namespace: app }\nspec: { values: { existing: shop } }\n",
            related,
        ],
        [
            "a HelmRelease whose chart has its name",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: shop, namespace: app }\nspec: { chartRef: { kind: OCIRepository, name: shop }, dependsOn: [{ name: shop }] }\n",
            unrelated,
        ],
    ])("is, or is not, %s", async (_, app, expected) => {
        expect(await found(stores, app)).toEqual(expected);
    });

    test("is no Kustomization that only has its name, or depends on one that has", async () => {
        const secret = externalSecret("stores").replace("namespace: app", "namespace: flux-system");
        expect(await found(store + secret)).toEqual(unrelated);
    });

    test("is a Kustomization that substitutes it", async () => {
        const secret = externalSecret("settings").replace("namespace: app", "namespace: flux-system");
        const substitutes = shop.replace(
            "  path: ./shop",
            "  postBuild: { substituteFrom: [{ kind: Secret, name: settings }] }\n  path: ./shop",
        );
        expect(await found(store + secret, deployment, waiting + substitutes)).toEqual(related);
    });
});

describe("no provider outside", () => {
    test.each([
        [
            "is behind a store of the provider kubernetes",
            store.replace(/provider: .*/, "provider: { kubernetes: { remoteNamespace: a } } }"),
        ],
        ["is behind a fake store", store.replace(/provider: .*/, "provider: { fake: { data: [] } } }")],
        [
            "is behind an ExternalSecret of a generator",
            externalSecret("a", "dataFrom: [{ sourceRef: { generatorRef: { kind: Password, name: a } } }]"),
        ],
        [
            "is behind an ExternalSecret of a ClusterGenerator",
            `${externalSecret("a", "dataFrom: [{ sourceRef: { generatorRef: { kind: ClusterGenerator, name: a } } }]")}apiVersion: generators.external-secrets.io/v1alpha1\nkind: ClusterGenerator\nmetadata: { name: a }\nspec: { kind: UUID }\n`,
        ],
    ])("%s", async (_, objects) => {
        expect(await found(objects)).toEqual([]);
    });

    test.each([
        [
            "another cluster's API",
            store.replace(/provider: .*/, "provider: { kubernetes: { server: { url: https://other.example.org } } } }"),
            [onStores, onShop],
        ],
        [
            "a generator that asks a registry",
            externalSecret(
                "a",
                "dataFrom: [{ sourceRef: { generatorRef: { kind: ECRAuthorizationToken, name: a } } }]",
            ),
            ["warning workload-waits-for-store ks.yaml:13 Kustomization/flux-system/shop"],
        ],
    ])("is not said of %s", async (_, objects, expected) => {
        expect(await found(objects)).toEqual(expected);
    });
});

describe("what waits", () => {
    test("is Helm for an ExternalSecret in a chart's values", async () => {
        const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: box, namespace: app }
spec: { values: { extra: [{ apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: { name: key }, spec: { ${storeRef} } }] } }
`;
        expect(await found(release)).toEqual([
            "warning workload-waits-for-store ks.yaml:13 Kustomization/flux-system/shop",
        ]);
        expect(await found(release.replace("{ values", "{ waitStrategy: { name: legacy }, values"))).toEqual([]);
    });

    test.each([
        ['current: "true"', true],
        ['current: "true", failed: "false", inProgress: "false"', true],
        ['current: "true", failed: "has(status.a)"', false],
        ['current: "status.ready"', false],
    ])("is nothing for a constant expression: %s", async (expressions, isConstant) => {
        const expr = `healthCheckExprs: [{ apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, ${expressions} }]\n  wait: true`;
        const lines = await found(store, deployment, kustomization({ name: "stores", spec: expr }) + shop);
        expect(lines.length === 0).toBe(isConstant);
    });

    test("is a ResourceSet whose dependsOn wants a store ready, and none that only wants it there", async () => {
        const set = (ready: string) => `apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: { name: set, namespace: app }
spec:
  dependsOn: [{ apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, name: vault${ready} }]
  resources: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: app } }]
`;
        const files = (ready: string) => ({ "ks.yaml": kustomization({ name: "shop" }), "shop/set.yaml": set(ready) });
        expect(await foundIn(repositoryOf(files(", ready: true")))).toEqual([
            "error workload-waits-for-store shop/set.yaml:5 ResourceSet/app/set",
        ]);
        expect(await foundIn(repositoryOf(files("")))).toEqual([]);
    });

    test("is every Kustomization that a ResourceSet makes", async () => {
        const set = `apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata: { name: set, namespace: flux-system }
spec:
  inputs: [{ name: stores }]
  resources:
    - apiVersion: kustomize.toolkit.fluxcd.io/v1
      kind: Kustomization
      metadata: { name: << inputs.name >>, namespace: flux-system }
      spec: { wait: true, path: "./<< inputs.name >>", sourceRef: { kind: GitRepository, name: flux-system } }
`;
        const top = repositoryOf({
            "ks.yaml": kustomization({ name: "sets" }),
            "sets/set.yaml": set.replace("{ name: << inputs.name >>", "{ name: '<< inputs.name >>'"),
            "stores/store.yaml": store,
        });
        expect(await foundIn(top)).toEqual(["error wait-on-store sets/set.yaml:10 Kustomization/flux-system/stores"]);
    });

    test.each([
        ["healthChecks", "healthChecks: [{ apiVersion: v1, kind: Secret, name: key, namespace: app }]", "app"],
        ["substituteFrom", "postBuild: { substituteFrom: [{ kind: Secret, name: key }] }", "flux-system"],
    ])("is for ever where a later stage makes the Secret of %s", async (_, spec, namespace) => {
        const top = repositoryOf({
            "ks.yaml":
                kustomization({ name: "first", spec }) +
                kustomization({ name: "second", spec: "dependsOn: [{ name: first }]" }),
            "first/app.yaml": deployment,
            "second/secret.yaml": externalSecret("key").replace("namespace: app", `namespace: ${namespace}`),
        });
        expect(await foundIn(top)).toEqual(["error secret-made-later ks.yaml:5 Kustomization/flux-system/first"]);
    });

    test("is not for ever where the Secret is optional, or made in an earlier stage", async () => {
        const spec = "postBuild: { substituteFrom: [{ kind: Secret, name: key, optional: true }] }";
        const second = kustomization({ name: "second", spec: "dependsOn: [{ name: first }]" });
        const secret = externalSecret("key").replace("namespace: app", "namespace: flux-system");
        const files = { "first/app.yaml": deployment, "second/secret.yaml": secret };
        const optional = { "ks.yaml": kustomization({ name: "first", spec }) + second, ...files };
        expect(await foundIn(repositoryOf(optional))).toEqual([]);
        const required = kustomization({ name: "first", spec: spec.replace(", optional: true", "") });
        const earlier = { "ks.yaml": required + kustomization({ name: "second" }), ...files };
        expect(await foundIn(repositoryOf(earlier))).toEqual([]);
    });

    test("checks a Secret that it substitutes", async () => {
        const secret = externalSecret("key").replace("namespace: app", "namespace: flux-system");
        const files = (optional: string) => ({
            "ks.yaml":
                kustomization({ name: "secrets" }) +
                kustomization({
                    name: "shop",
                    spec: `dependsOn: [{ name: secrets }]\n  postBuild: { substituteFrom: [{ kind: Secret, name: key${optional} }] }`,
                }),
            "secrets/all.yaml": secret,
            "shop/app.yaml": deployment,
        });
        expect(await foundIn(repositoryOf(files("")))).toEqual([]);
        expect(await foundIn(repositoryOf(files(", optional: true")))).toEqual([
            "warning generated-secret-unchecked secrets/all.yaml:2 ExternalSecret/flux-system/key",
        ]);
    });
});

describe("the report", () => {
    const many = Array.from({ length: 20 }, (_, n) =>
        kustomization({ name: `shop${n}`, path: "./shop", spec: "dependsOn: [{ name: stores }]" }),
    ).join("");

    test("has one finding for a cause, with all that wait for it", async () => {
        const top = repositoryOf({ "ks.yaml": waiting + many, "stores/a.yaml": store, "shop/a.yaml": deployment });
        const result = await lint([top]);
        expect(result.findings.map(({ rule, waiters = [] }) => [rule, waiters.length])).toEqual([
            ["wait-on-store", 0],
            ["workload-waits-for-store", 19],
        ]);
        const text = formatText(result);
        expect(text.split("\n").length).toBeLessThan(30);
        expect(text).toContain("also Kustomization/flux-system/shop1 (");
        expect(text).toContain("and 11 more");
    });

    test("hides no warning behind an error", async () => {
        const shopOnBoth = kustomization({ name: "shop", spec: "dependsOn: [{ name: stores }, { name: secrets }]" });
        const top = repositoryOf({
            "ks.yaml": waiting + kustomization({ name: "secrets", spec: "wait: true" }) + shopOnBoth,
            "stores/a.yaml": store,
            "secrets/a.yaml": externalSecret("key"),
            "shop/a.yaml": deployment,
        });
        const rules = (await foundIn(top)).filter(line => line.includes("workload-waits"));
        expect(rules).toEqual([
            "error workload-waits-for-store ks.yaml:21 Kustomization/flux-system/shop",
            "warning workload-waits-for-store ks.yaml:21 Kustomization/flux-system/shop",
        ]);
    });

    test("shows errors before warnings, and notes last", async () => {
        const top = repositoryOf({
            "a.yaml.j2": "{{ }}",
            "ks.yaml": waiting + shop,
            "stores/a.yaml": store,
            "shop/a.yaml": deployment,
        });
        const text = formatText(await lint([top]));
        expect(text.indexOf("  error")).toBeLessThan(text.indexOf("  note"));
    });
});
