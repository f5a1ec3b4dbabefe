import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { lint } from "../../../../cluster/lint/lint.ts";

const fixtures = join(import.meta.dirname, "fixtures");

let repository: string;

beforeEach(() => {
    repository = mkdtempSync(join(tmpdir(), "clearpath-lint-"));
    // The top of a work tree of its own, so that nothing above it is looked at.
    mkdirSync(join(repository, ".git"));
});

afterEach(() => rmSync(repository, { recursive: true }));

function write(path: string, content: string): void {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), content);
}

function read(path: string): string {
    return readFileSync(join(repository, path), "utf8");
}

function contents(directory: string): Record<string, string> {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    return Object.fromEntries(
        files.map(({ parentPath, name }) => [
            join(parentPath, name).slice(directory.length + 1),
            readFileSync(join(parentPath, name), "utf8"),
        ]),
    );
}

/** Fixes a copy of a fixture; gives the changed files as `-` and `+` lines. */
async function fixedLines(fixture: string): Promise<Record<string, string[]>> {
    cpSync(join(fixtures, fixture), repository, { recursive: true });
    await lint([repository], { fix: true });
    const before = contents(join(fixtures, fixture));
    const after = contents(repository);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    const changed = Object.keys(before).filter(path => before[path] !== after[path]);
    return Object.fromEntries(changed.map(path => [path, difference(before[path] ?? "", after[path] ?? "")]));
}

/** Lines only in one of the texts; enough where lines are taken out, put in or changed at one place. */
function difference(before: string, after: string): string[] {
    const a = before.split("\n");
    const b = after.split("\n");
    let head = 0;
    while (head < a.length && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
    return [
        ...a.slice(head, a.length - tail).map(line => `-${line}`),
        ...b.slice(head, b.length - tail).map(line => `+${line}`),
    ];
}

describe("fixing", () => {
    test("takes stores out of the checks by whole lines and keeps their comments", async () => {
        expect(await fixedLines("store-in-health-checks")).toEqual({
            "clusters/home/stores.yaml": [
                "-    - apiVersion: external-secrets.io/v1 # the provider",
                "-      kind: ClusterSecretStore",
                "-      name: doppler",
                "-  healthCheckExprs:",
                "-    - apiVersion: external-secrets.io/v1",
                "-      kind: ClusterSecretStore",
                "-      failed: status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'False')",
                "-      current: status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')",
                "+    # the provider",
            ],
        });
    });

    test("takes the kind of a store as ready by one expression, and goes on waiting for all else", async () => {
        expect(await fixedLines("wait-on-store")).toEqual({
            "clusters/home/secrets.yaml": [
                "+  healthCheckExprs:",
                "+    - apiVersion: external-secrets.io/v1",
                "+      kind: ClusterSecretStore",
                '+      current: "true"',
            ],
        });
    });

    test("replaces the wait of a bootstrap by checks of all else, and of the Secret in place of the ExternalSecret", async () => {
        cpSync(join(fixtures, "wait-on-store"), repository, { recursive: true });
        const before = read("clusters/home/secrets.yaml");
        await lint([repository], { fix: true, bootstrap: ["secrets"] });
        const lines = difference(before, read("clusters/home/secrets.yaml"));
        expect(lines.join("\n")).toContain(
            [
                "+  wait: false # all of it",
                "+  healthChecks:",
                "+    - apiVersion: apps/v1",
                "+      kind: Deployment",
                "+      name: webhook",
                "+      namespace: secrets",
                "+    - apiVersion: v1",
                "+      kind: Secret",
                "+      name: tailscale-oauth",
                "+      namespace: secrets",
            ].join("\n"),
        );
    });

    test("adds the Secret to the checks in the list's own indentation", async () => {
        const changed = await fixedLines("bootstrap-secret");
        expect(Object.keys(changed)).toEqual(["clusters/home/all.yaml"]);
        expect(read("clusters/home/all.yaml")).toContain(
            "    name: cloudflare-token\n    namespace: dns\n  - apiVersion: v1\n    kind: Secret\n    name: tailscale-oauth\n    namespace: tailscale\n  timeout: 3m\n",
        );
    });

    test("ends with chains gone and nothing left to fix", async () => {
        cpSync(join(fixtures, "chain-of-parents"), repository, { recursive: true });
        const first = await lint([repository], { fix: true });
        expect(first.fixed?.map(({ change }) => change)).toEqual([
            "every ClusterSecretStore taken as ready by healthCheckExprs",
        ]);
        expect(first.findings).toEqual([]);
        const second = await lint([repository], { fix: true });
        expect(second).toEqual({ findings: [], fixed: [] });
    });

    test.each([
        ["a wait that a patch sets", "wait-by-patch"],
        ["a chart's values", "wait-in-chart"],
        ["files that nothing is found in", "store-not-judged"],
    ])("leaves %s alone", async (_, fixture) => {
        expect(await fixedLines(fixture)).toEqual({});
    });

    test("takes stores as ready also when part of what is waited for is unknown", async () => {
        write("ks.yaml", kustomization("  wait: true\n"));
        write("stores/kustomization.yaml", "resources:\n  - doppler.yaml\n  - https://example.com/more.yaml\n");
        write("stores/doppler.yaml", store);
        const { findings } = await lint([repository], { fix: true });
        expect(read("ks.yaml")).toBe(kustomization(`  wait: true\n${ready}`));
        expect(findings.map(({ rule }) => rule)).toEqual(["not-read"]);
    });

    test("leaves the wait of a bootstrap alone when part of what it waits for is unknown", async () => {
        write("ks.yaml", kustomization("  wait: true\n"));
        write("stores/kustomization.yaml", "resources:\n  - secret.yaml\n  - https://example.com/more.yaml\n");
        write("stores/secret.yaml", externalSecret);
        const { findings } = await lint([repository], { fix: true, bootstrap: ["stores"] });
        expect(read("ks.yaml")).toBe(kustomization("  wait: true\n"));
        expect(findings.map(({ rule }) => rule)).toContain("generated-secret-unchecked");
    });

    test.each([
        [
            "a chain, which only its author can cut",
            "chain",
            {
                "ks.yaml": () =>
                    kustomization("  dependsOn: [{ name: set }]\n", { name: "shop", path: "./shop" }) +
                    "---\n" +
                    kustomization("", { name: "set", path: "./set" }),
                "shop/app.yaml": () => "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n",
                "set/release.yaml": () =>
                    "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata:\n  name: a\nspec:\n  dependsOn:\n    - { apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, name: doppler, ready: true }\n",
            },
            "is for its author to say",
        ],
        ["a chart's own wait", "wait-in-chart", {}, "The chart decides"],
        ["what a patch sets", "wait-by-patch", {}, "A patch or an anchor sets what would change"],
        [
            "a Secret without a namespace",
            "loose",
            { "ks.yaml": () => kustomization("  wait: true\n"), "stores/secret.yaml": () => externalSecret },
            "cannot be told from the repository",
        ],
    ])("says why it left %s", async (_, fixture, files, reason) => {
        if (Object.keys(files).length === 0) cpSync(join(fixtures, fixture), repository, { recursive: true });
        for (const [path, content] of Object.entries(files)) write(path, content());
        const { findings } = await lint([repository], { fix: true, bootstrap: ["stores"] });
        const reasons = findings.filter(({ severity }) => severity !== "note").map(({ notFixed }) => notFixed);
        expect(reasons.length).toBeGreaterThan(0);
        expect(reasons.every(given => given !== undefined)).toBe(true);
        expect(reasons.join("\n")).toContain(reason);
    });

    test("leaves a wait alone that a patch turns on over the object's own", async () => {
        const patch =
            '  patches:\n    - patch: "[{ op: add, path: /spec/wait, value: true }]"\n      target: { kind: Kustomization }\n';
        write("clusters/root.yaml", kustomization(patch, { name: "root", path: "./apps" }));
        write("apps/ks.yaml", kustomization("  wait: false\n"));
        write("stores/doppler.yaml", store);
        const { findings } = await lint([repository], { fix: true });
        expect(read("apps/ks.yaml")).toBe(kustomization("  wait: false\n"));
        expect(findings.map(({ rule }) => rule)).toContain("wait-on-store");
    });

    test("leaves a Kustomization alone whose clusters disagree about it", async () => {
        const shared = kustomization("  wait: true\n");
        write("base/ks.yaml", shared);
        write("base/kustomization.yaml", "resources:\n  - ks.yaml\n");
        for (const cluster of ["prod", "lab"]) {
            write(`clusters/${cluster}/root.yaml`, kustomization("", { name: "root", path: `./${cluster}` }));
        }
        write("prod/kustomization.yaml", "resources:\n  - ../base\n");
        write(
            "lab/kustomization.yaml",
            "resources:\n  - ../base\npatches:\n  - target: { kind: Kustomization }\n    patch: '[{ op: replace, path: /spec/path, value: ./none }]'\n",
        );
        write("none/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n");
        write("stores/doppler.yaml", store);
        const { findings } = await lint([repository], { fix: true });
        expect(read("base/ks.yaml")).toBe(shared);
        expect(findings.map(({ rule }) => rule)).toContain("wait-on-store");
    });

    test("keeps line ends, byte order mark and a missing last line end", async () => {
        const content = `\uFEFF${kustomization("  healthChecks:\n    - { kind: A, name: a }\n  wait: true")}`;
        write("ks.yaml", content.replaceAll("\n", "\r\n"));
        write("stores/doppler.yaml", store);
        await lint([repository], { fix: true });
        expect(read("ks.yaml")).toBe(`${content}\n${ready.trimEnd()}`.replaceAll("\n", "\r\n"));
    });

    test("leaves an anchor alone that something else refers to", async () => {
        const checks =
            "  healthChecks:\n    - &check\n      apiVersion: external-secrets.io/v1\n      kind: ClusterSecretStore\n      name: doppler\n";
        write("ks.yaml", kustomization(`${checks}  commonMetadata:\n    labels: *check\n`));
        await lint([repository], { fix: true });
        expect(read("ks.yaml")).toContain(checks);
    });

    test("takes out an anchor that nothing else refers to", async () => {
        const checks =
            "  healthChecks:\n    - &check\n      apiVersion: external-secrets.io/v1\n      kind: ClusterSecretStore\n      name: doppler\n";
        write("ks.yaml", kustomization(`${checks}  timeout: 5m\n`));
        await lint([repository], { fix: true });
        expect(read("ks.yaml")).toBe(kustomization("  timeout: 5m\n"));
    });

    test("removes every store, however the file is laid out, and no comment or other value", async () => {
        await fc.assert(
            fc.asyncProperty(layout, async ({ checks, indent, compact, after, commented }) => {
                const dash = compact ? " ".repeat(indent) : " ".repeat(indent * 2);
                const note = (text: string) => (commented ? ` # ${text}` : "");
                const items = checks.map(
                    (isStore, position) =>
                        `${commented ? `${dash}# before ${position}\n` : ""}${dash}- kind: ${isStore ? "SecretStore" : "Deployment"}${note(`at ${position}`)}\n` +
                        `${dash}  apiVersion: ${isStore ? "external-secrets.io/v1" : "apps/v1"}\n${dash}  name: n${position}${note(`end ${position}`)}\n`,
                );
                const spec = `${" ".repeat(indent)}healthChecks:\n${items.join("")}${after ? `${" ".repeat(indent)}timeout: 5m\n` : ""}`;
                const content = `kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nmetadata:\n  name: a\nspec:\n${" ".repeat(indent)}prune: true\n${spec}`;
                write(
                    "ks.yaml",
                    `${content}---\n${content.replaceAll("name: a", "name: b").replaceAll("SecretStore", "Pod")}`,
                );
                await lint([repository], { fix: true });
                const fixed = read("ks.yaml");
                const [first, second] = parseAllDocuments(fixed).map(document => document.toJS());
                const kept = checks.flatMap((isStore, position) => (isStore ? [] : [`n${position}`]));
                expect((first.spec.healthChecks ?? []).map(({ name }: { name: string }) => name)).toEqual(kept);
                expect(first.spec.prune).toBe(true);
                expect(first.spec.timeout).toBe(after ? "5m" : undefined);
                expect(second.spec.healthChecks).toHaveLength(checks.length);
                for (const comment of content.match(/# .*/g) ?? []) expect(fixed).toContain(comment);
            }),
            { numRuns: 25 },
        );
    }, 60_000);
});

const layout = fc.record({
    checks: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    indent: fc.constantFrom(1, 2, 4),
    compact: fc.boolean(),
    after: fc.boolean(),
    commented: fc.boolean(),
});

const store = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata:\n  name: doppler\n";

const ready =
    '  healthCheckExprs:\n    - apiVersion: external-secrets.io/v1\n      kind: ClusterSecretStore\n      current: "true"\n';

const externalSecret =
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: a\nspec:\n  secretStoreRef:\n    kind: ClusterSecretStore\n    name: doppler\n";

function kustomization(more: string, { name = "stores", path = "./stores" } = {}): string {
    return (
        `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: ${name}\n  namespace: flux-system\n` +
        `spec:\n  path: ${path}\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n${more}`
    );
}
