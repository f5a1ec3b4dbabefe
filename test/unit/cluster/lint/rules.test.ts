import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lint } from "../../../../cluster/lint/lint.ts";

const fixtures = join(import.meta.dirname, "fixtures");

/** Findings of a fixture as `severity rule file:line chain`, the fixture's own path left out. */
async function found(fixture: string, options?: Parameters<typeof lint>[1]): Promise<string[]> {
    const { findings } = await lint([join(fixtures, fixture)], options);
    return findings
        .filter(({ severity }) => severity !== "note")
        .flatMap(({ severity, rule, file, line, chain, waiters = [] }) => {
            const show = (start: string, one: { file: string; line: number; chain: string[] }) => {
                const short = one.chain.map(name => name.replace("Kustomization/flux-system/", ""));
                return `${start} ${one.file.slice(join(fixtures, fixture).length + 1)}:${one.line} ${short.join(" > ")}`;
            };
            return [show(`${severity} ${rule}`, { file, line, chain }), ...waiters.map(one => show("also", one))];
        });
}

describe("a repository is judged", () => {
    test.each([
        [
            "for a store in healthChecks and healthCheckExprs",
            "store-in-health-checks",
            [
                "error store-in-health-checks clusters/home/stores.yaml:20 stores > ClusterSecretStore/doppler",
                "error store-in-health-checks clusters/home/stores.yaml:24 stores > ClusterSecretStore",
            ],
        ],
        [
            "leniently for checks that wait ignores and expressions that act on nothing",
            "store-ignored",
            [
                "warning store-in-health-checks ks.yaml:15 ignored > SecretStore/apps/doppler",
                "warning store-in-health-checks ks.yaml:33 inert > SecretStore",
            ],
        ],
        ["not for a store that is taken as ready, not waited for, or not applied by Flux", "store-not-judged", []],
        [
            "for wait: true on objects that an overlay brings, a store among them",
            "wait-on-store",
            ["error wait-on-store clusters/home/secrets.yaml:15 secrets > ClusterSecretStore/doppler"],
        ],
        [
            "for a wait that a patch of the parent sets, at the patch's line",
            "wait-by-patch",
            ["error wait-on-store clusters/home/apps.yaml:20 stores > ClusterSecretStore/doppler"],
        ],
        [
            "for a chart that brings a store, unless Helm waits the old way",
            "wait-in-chart",
            [
                "error wait-on-store operator/release.yaml:10 HelmRelease/external-secrets/external-secrets > ClusterSecretStore/doppler",
            ],
        ],
        [
            "for what an artifact generator copies",
            "artifacts",
            ["error wait-on-store clusters/home/all.yaml:13 apps > ClusterSecretStore/doppler"],
        ],
        [
            "for unrelated workloads that wait for a store, but not those that read its secrets or do not ask for Ready",
            "chain",
            [
                "error wait-on-store clusters/home/all.yaml:29 stores > ClusterSecretStore/doppler",
                "error workload-waits-for-store clusters/home/all.yaml:44 ingress > stores > ClusterSecretStore/doppler",
                "also clusters/home/all.yaml:121 elsewhere > stores > ClusterSecretStore/doppler",
                "also clusters/home/all.yaml:60 podinfo > ingress > stores > ClusterSecretStore/doppler",
            ],
        ],
        [
            "for a dependency whose own parent waits",
            "chain-of-parents",
            [
                "error wait-on-store clusters/home/all.yaml:13 stores > ClusterSecretStore/doppler",
                "error workload-waits-for-store clusters/home/all.yaml:28 infrastructure > stores > ClusterSecretStore/doppler",
                "also clusters/home/all.yaml:43 apps > ingress > infrastructure > stores > ClusterSecretStore/doppler",
            ],
        ],
        [
            "for a dependency that waits for its children, one of which checks a store",
            "chain-of-health",
            [
                "error workload-waits-for-store clusters/home/all.yaml:28 apps > platform > stores > ClusterSecretStore/doppler",
                "error store-in-health-checks platform/ks.yaml:14 stores > ClusterSecretStore/doppler",
            ],
        ],
        [
            "cluster by cluster where clusters use the same names",
            "two-clusters",
            [
                "error wait-on-store clusters/prod/all.yaml:13 stores > ClusterSecretStore/doppler",
                "error workload-waits-for-store clusters/prod/all.yaml:28 apps > stores > ClusterSecretStore/doppler",
            ],
        ],
        [
            "with a warning where the chain ends at an ExternalSecret that the workload does not read",
            "chain-to-external-secret",
            [
                "warning workload-waits-for-store clusters/home/all.yaml:28 apps > database > ExternalSecret/db/postgres",
                "warning generated-secret-unchecked database/all.yaml:15 database > Secret/db/backup",
            ],
        ],
        [
            "for bootstrap Secrets that nothing checks, but not for those checked themselves or by who reads them",
            "bootstrap-secret",
            [
                "error generated-secret-unchecked secrets/all.yaml:2 bootstrap-secrets > Secret/tailscale/tailscale-oauth",
                "warning generated-secret-unchecked tokens/all.yaml:2 tokens > Secret/dns/dns-token",
            ],
        ],
        ["for no images where nobody says what the mirrors hold", "images", []],
    ])("%s", async (_, fixture, expected) => {
        expect(await found(fixture)).toEqual(expected);
    });

    test("for bootstrap images outside every mirror group, whatever a chart calls them", async () => {
        expect(await found("images", { imageGroups: join(fixtures, "images/groups.yaml") })).toEqual([
            "warning image-outside-mirror-groups base/all.yaml:35 base > Deployment/default/old > ghcr.io/fluxcd/source-controller:v1.5.0",
            "warning image-outside-mirror-groups base/all.yaml:47 base > HelmRelease/tailscale/tailscale > docker.io/tailscale/k8s-operator:v1.86.2",
        ]);
    });

    test("by the mirrors of a registries.yaml, which cover whole registries", async () => {
        const findings = await found("images", { imageGroups: join(fixtures, "images/registries.yaml") });
        expect(findings.map(line => line.split(" > ").at(-1))).toEqual([
            "docker.io/library/busybox:1.37.0",
            "docker.io/tailscale/k8s-operator:v1.86.2",
        ]);
    });

    test("as bootstrap where the caller says so", async () => {
        expect(await found("bootstrap-secret", { bootstrap: ["flux-system/lonely"] })).toContainEqual(
            "error generated-secret-unchecked lonely/all.yaml:2 lonely > Secret/lonely/lonely",
        );
    });
});

describe("what cannot be read", () => {
    test("is said, and stops nothing", async () => {
        const { findings } = await lint([join(fixtures, "hard-to-read")]);
        expect(findings.map(({ message }) => message)).toEqual([
            "Not read: ./nowhere (of GitRepository/flux-system) is not a directory here, so what it applies is unknown.",
            "Not read: Flux refuses to build this, so nothing of it is applied: mixed/plain.yaml:1: it holds something that is no Kubernetes object with kind and name.",
            "Not read: dependsOn names ${CLUSTER}-stores, whose value only the cluster knows.",
            "Not read: Flux refuses to build this, so nothing of it is applied: mixed/plain.yaml:1: it holds something that is no Kubernetes object with kind and name.",
            "Not read: encrypted whole by SOPS, its kind included.",
            "Not read: not YAML yet: it holds template expressions ({{ }}), which only Helm or another tool can fill in.",
            "Not read: https://github.com/example/manifests//deploy?ref=v1 is fetched from elsewhere, so what it holds is unknown.",
            "Not read: nothing.yaml is not in the repository, so what it holds is unknown.",
            "Not read: kustomize helmCharts are not run, so what they make is unknown.",
        ]);
        expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set(["note"]));
    });

    test("is an error of the caller when a path is not there", async () => {
        await expect(lint([join(fixtures, "no-such-repository")])).rejects.toThrow(
            "there is no such file or directory",
        );
    });

    test("is an error of the caller when the image groups name no images", async () => {
        const options = { imageGroups: join(fixtures, "chain/clusters/home/all.yaml") };
        await expect(lint([join(fixtures, "images")], options)).rejects.toThrow("no image groups in it");
    });
});
