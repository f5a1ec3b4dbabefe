import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lint, SettingsNotReadable } from "../../../../cluster/lint/lint.ts";
import { ignorePatterns } from "../../../../cluster/lint/repository/ignore.ts";
import { deployment, foundIn, kustomization, repositoryOf, store } from "./written.ts";

/** A cluster that applies itself: a store that is waited for, and an app that depends on it. */
const cluster = {
    "clusters/home/sync.yaml": kustomization({ name: "flux-system", path: "./clusters/home" }),
    "clusters/home/stores.yaml": kustomization({ name: "stores", spec: "wait: true" }),
    "stores/store.yaml": store,
};
const waitOnStore = "error wait-on-store clusters/home/stores.yaml:5 Kustomization/flux-system/stores";

describe("the tree that is judged", () => {
    test("is each given repository by itself, in whichever order they are given", async () => {
        const harmless = { ...cluster, "stores/store.yaml": deployment };
        const [bad, clean] = [repositoryOf(cluster), repositoryOf(harmless)];
        const errors = async (paths: string[]) => (await lint(paths)).findings.map(({ file }) => file);
        expect(await errors([clean, bad])).toEqual([join(bad, "clusters/home/stores.yaml")]);
        expect(await errors([bad, clean])).toEqual([join(bad, "clusters/home/stores.yaml")]);
    });

    test("is each given directory by itself where several repositories share a work tree", async () => {
        const top = repositoryOf({
            ...Object.fromEntries(Object.entries(cluster).map(([path, content]) => [`bad/${path}`, content])),
            "clean/clusters/home/stores.yaml": kustomization({ name: "stores", spec: "wait: true" }),
            "clean/stores/app.yaml": deployment,
        });
        const expected = ["error wait-on-store bad/clusters/home/stores.yaml:5 Kustomization/flux-system/stores"];
        expect(await foundIn(top, ["clean", "bad"])).toEqual(expected);
        expect(await foundIn(top, ["bad", "clean"])).toEqual(expected);
    });

    test("is the whole repository where a part of it is given, and findings outside of the part are left out", async () => {
        const top = repositoryOf({
            ...cluster,
            "clusters/home/apps.yaml": kustomization({ name: "apps" }),
            "apps/shop.yaml": kustomization({ name: "shop", spec: "dependsOn: [{ name: stores }]" }),
            "shop/app.yaml": deployment,
        });
        const inPart = "error workload-waits-for-store apps/shop.yaml:5 Kustomization/flux-system/shop";
        expect(await foundIn(top)).toEqual([inPart, waitOnStore]);
        expect(await foundIn(top, ["apps"])).toEqual([inPart]);
        expect(await foundIn(top, ["apps/shop.yaml"])).toEqual([inPart]);
        expect(await foundIn(top, ["shop"])).toEqual([]);
    });

    test("has the patches of the parents above the part that is given", async () => {
        const patch = `patches: [{ target: { kind: Kustomization, name: stores }, patch: '[{ op: add, path: /spec/wait, value: true }]' }]`;
        const top = repositoryOf({
            "clusters/home/infrastructure.yaml": kustomization({ name: "infrastructure", spec: patch }),
            "infrastructure/ks.yaml":
                kustomization({ name: "stores" }) +
                kustomization({ name: "shop", spec: "dependsOn: [{ name: stores }]" }),
            "stores/store.yaml": store,
            "shop/app.yaml": deployment,
        });
        expect(await foundIn(top, ["infrastructure"])).toEqual([
            "error workload-waits-for-store infrastructure/ks.yaml:13 Kustomization/flux-system/shop",
        ]);
    });

    test.each([
        [
            "a FluxInstance",
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: { name: flux, namespace: flux-system }\nspec: { sync: { kind: GitRepository, url: https://git.example.org/a, ref: main, path: clusters/home } }\n",
        ],
        [
            "the values of a HelmRelease of the flux-instance chart",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: flux-instance, namespace: flux-system }\nspec: { values: { instance: { sync: { kind: GitRepository, path: clusters/home } } } }\n",
        ],
        ["a file of values for that chart", "instance: { sync: { kind: GitRepository, path: ./clusters/home } }\n"],
    ])("starts at the path of %s, with the kustomization.yaml there", async (_, root) => {
        const top = repositoryOf({
            "bootstrap/root.yaml": root,
            "clusters/home/kustomization.yaml":
                "namespace: flux-system\nresources: [stores.yaml]\npatches:\n  - target: { kind: Kustomization }\n    patch: '[{ op: add, path: /spec/wait, value: true }]'\n",
            "clusters/home/stores.yaml": kustomization({ name: "stores" }).replace(", namespace: flux-system", ""),
            "stores/store.yaml": store,
        });
        expect(await foundIn(top)).toEqual([
            "error wait-on-store clusters/home/kustomization.yaml:5 Kustomization/flux-system/stores",
        ]);
    });

    test("leaves out what no root applies, with one note for all of it", async () => {
        const top = repositoryOf({
            ...cluster,
            "archive/old.yaml": kustomization({ name: "old", path: "./stores", spec: "wait: true" }),
            "archive/older.yaml": kustomization({ name: "older", path: "./stores", spec: "wait: true" }),
        });
        expect(await foundIn(top)).toEqual([
            "note not-read archive/old.yaml:2 Not read: 2 Flux Kustomizations that nothing in the repository applies (archive/old.yaml, archive/older.yaml).",
            waitOnStore,
        ]);
    });

    test("keeps what a path with an unknown variable may apply", async () => {
        const top = repositoryOf({
            "clusters/home/sync.yaml":
                kustomization({ name: "flux-system", path: "./clusters/home" }) +
                kustomization({ name: "sites", path: "./sites/${SITE}", spec: "prune: true" }),
            "sites/berlin/stores.yaml": kustomization({ name: "stores", spec: "wait: true" }),
            "stores/store.yaml": store,
        });
        expect(await foundIn(top)).toEqual([
            "note not-read clusters/home/sync.yaml:14 Not read: ./sites/${SITE} holds the variable SITE, whose value no ConfigMap of the repository gives, so what it applies is unknown.",
            "error wait-on-store sites/berlin/stores.yaml:5 Kustomization/flux-system/stores",
        ]);
    });

    test("leaves out what the caller, .clearpath.yaml or .sourceignore excludes", async () => {
        const archive = { "old/ks.yaml": kustomization({ name: "old", path: "./stores", spec: "wait: true" }) };
        const files = { "stores/store.yaml": store, "ks.yaml": kustomization({ name: "stores" }), ...archive };
        const old = "error wait-on-store old/ks.yaml:5 Kustomization/flux-system/old";
        expect(await foundIn(repositoryOf(files))).toEqual([old]);
        expect(await foundIn(repositoryOf(files), ["."], { exclude: ["old/"] })).toEqual([]);
        const settings = "lint:\n  exclude:\n    - old/\n";
        expect(await foundIn(repositoryOf({ ...files, ".clearpath.yaml": settings }))).toEqual([]);
        expect(await foundIn(repositoryOf({ ...files, ".sourceignore": "/*\n!/stores\n!/ks.yaml\n" }))).toEqual([]);
    });

    test("is not judged by settings that say something unknown", async () => {
        const top = repositoryOf({ ...cluster, ".clearpath.yaml": "lint: { excludes: [a] }\n" });
        await expect(lint([top])).rejects.toThrow(SettingsNotReadable);
    });

    test.each([
        ["no Flux Kustomization", { "stores/store.yaml": store }, ".", ":1 Not read: there is no Flux Kustomization"],
        ["only templates", { "templates/ks.yaml.j2": "{{ a }}" }, ".", ":1 Not read: there is no Flux Kustomization"],
        [
            "a directory that nothing applies",
            { ...cluster, "docs/a.yaml": "a: 1\n" },
            "docs",
            "docs:1 Not read: no Flux Kustomization of the repository applies anything of it",
        ],
    ])("says so where nothing was judged: %s", async (_, files, path, expected) => {
        const found = await foundIn(repositoryOf(files), [path]);
        expect(found.join("\n")).toContain(`note not-read ${expected}`);
    });

    test("names the templates that nobody filled in", async () => {
        const top = repositoryOf({ ...cluster, "a/ks.yaml.j2": "{{ a }}", "a/b.yaml.gotmpl": "{{ a }}" });
        expect(await foundIn(top)).toContain(
            "note not-read a/b.yaml.gotmpl:1 Not read: 2 templates that another tool fills in first (a/b.yaml.gotmpl, a/ks.yaml.j2).",
        );
    });
});

describe("patterns of what is left out", () => {
    test.each([
        [["old"], "a/old/b.yaml", true],
        [["old/"], "old", false],
        [["/old"], "a/old", false],
        [["a/old"], "b/a/old", false],
        [["**/old/*.yaml"], "a/b/old/c.yaml", true],
        [["*.yaml", "!keep.yaml"], "a/keep.yaml", false],
        [["/*", "!/clusters"], "clusters/home/a.yaml", false],
        [["/*", "!/clusters"], "apps/a.yaml", true],
        [["a/**"], "a/b/c", true],
        [["[ab].yaml"], "b.yaml", true],
        [["[!ab].yaml"], "b.yaml", false],
        [["# old", "", "\\#old"], "#old", true],
        [["[z-a]", "(", "*("], "z", false],
    ])("%j of %s: %j", (patterns, path, expected) => {
        expect(ignorePatterns(patterns)(path)).toBe(expected);
    });
});
