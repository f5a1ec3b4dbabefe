import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type LintOptions, lint } from "../../../../cluster/lint/lint.ts";

/** Writes files below a new directory, the top of a git work tree, that is gone after the test. */
export function repositoryOf(files: Record<string, string>): string {
    const top = mkdtempSync(join(tmpdir(), "clearpath-lint-"));
    onTestFinished(() => rmSync(top, { recursive: true }));
    mkdirSync(join(top, ".git"));
    for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(top, path)), { recursive: true });
        writeFileSync(join(top, path), content);
    }
    return top;
}

/** Findings of paths in a repository, as `severity rule file:line object`, with paths from its top. */
export async function foundIn(top: string, paths = ["."], options?: LintOptions): Promise<string[]> {
    const { findings } = await lint(
        paths.map(path => join(top, path)),
        options,
    );
    return findings.map(
        ({ severity, rule, file, line, object, message }) =>
            `${severity} ${rule} ${file.slice(top.length + 1)}:${line} ${severity === "note" ? message : object}`,
    );
}

interface KustomizationParts {
    name: string;
    path?: string;
    /** More of `spec`, in YAML's flow style, such as `wait: true`. */
    spec?: string;
}

/** A Flux Kustomization in eight lines; `spec` starts on the fifth. */
export function kustomization({ name, path = `./${name}`, spec = "prune: true" }: KustomizationParts): string {
    return `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: ${name}, namespace: flux-system }
spec:
  ${spec}
  path: ${path}
  sourceRef: { kind: GitRepository, name: flux-system }
---
`;
}

export const store = `apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: { name: vault }
spec: { provider: { vault: { server: "https://vault.example.org" } } }
---
`;

export const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: app }
spec: { template: { spec: { containers: [{ name: app, image: ghcr.io/example/app:1 }] } } }
---
`;
