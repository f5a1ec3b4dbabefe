import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/root.ts";
import { PAGE_SIZE } from "../../cluster/api/clusterApi.ts";
import { type DiagnoseOptions, diagnose } from "../../cluster/diagnose/diagnose.ts";
import { diagnosisMarkdown } from "../../cluster/diagnose/markdown.ts";
import { diagnosisText } from "../../cluster/diagnose/text.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { seed } from "../../lab/controlPlane/seed.ts";
import type { HostNetworkFacts } from "../../network/probe/report.ts";
import { HostError } from "../../provider/host/hostError.ts";
import { artifact, clear, condition, flux, namespaces, node, podEvent, podWaiting, write } from "./objects.ts";

let cluster: ControlPlane;

beforeAll(async () => {
    cluster = await startControlPlane();
    await namespaces(cluster, "flux-system", "apps", "secrets");
});

afterAll(() => cluster?.stop());

const LISTS = [
    "/api/v1/pods",
    "/api/v1/events",
    "/api/v1/nodes",
    "/api/v1/secrets",
    "/apis/source.toolkit.fluxcd.io/v1/ocirepositories",
    "/apis/source.toolkit.fluxcd.io/v1/helmrepositories",
    "/apis/source.toolkit.fluxcd.io/v1/gitrepositories",
    "/apis/source.toolkit.fluxcd.io/v1/buckets",
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
    "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
    "/apis/external-secrets.io/v1/externalsecrets",
    "/apis/external-secrets.io/v1/clustersecretstores",
];

afterEach(() => clear(cluster, ...LISTS));

const TLS_TIMEOUT = "net/http: TLS handshake timeout";

/** What the kubelet and containerd say of a pull that failed. */
function failedPull(image: string, why: string): string {
    const [first = "", ...rest] = image.split("/");
    const host = rest.length > 0 && first.includes(".") ? first : "registry-1.docker.io";
    return `Failed to pull image "${image}": rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "https://${host}/v2/": ${why}`;
}

/** A pod that waits for an image, and the event that says why. */
async function stuckPod(name: string, on: string, image: string, why: string, count = 1): Promise<void> {
    await write(cluster, podWaiting({ namespace: "apps", name, node: on, image }));
    await write(cluster, podEvent({ namespace: "apps", pod: name, node: on, message: failedPull(image, why), count }));
}

async function oci(name: string, message: string, cached: string | undefined): Promise<void> {
    const failed = condition("FetchFailed", "True", "OCIArtifactPullFailed", message);
    const ready = condition("Ready", "False", "OCIArtifactPullFailed", message);
    const stored = condition("ArtifactInStorage", "True", "Succeeded", "stored artifact");
    const status = cached
        ? { conditions: [ready, failed, stored], artifact: artifact(cached) }
        : { conditions: [ready, failed] };
    await write(cluster, flux("OCIRepository", name, { url: `oci://ghcr.io/charts/${name}`, interval: "5m" }, status));
}

async function release(name: string, source: string, ready: object, spec: object = {}): Promise<void> {
    const chartRef = { kind: "OCIRepository", name: source };
    await write(cluster, flux("HelmRelease", name, { chartRef, interval: "5m", ...spec }, { conditions: [ready] }));
}

async function kustomization(name: string, ready: object, spec: object = {}): Promise<void> {
    const sourceRef = { kind: "GitRepository", name: "home" };
    const given = { sourceRef, interval: "5m", prune: true, ...spec };
    await write(cluster, flux("Kustomization", name, given, { conditions: [ready] }));
}

const READY = condition("Ready", "True", "Succeeded", "done");

async function store(): Promise<void> {
    await write(cluster, {
        apiVersion: "external-secrets.io/v1",
        kind: "ClusterSecretStore",
        metadata: { name: "doppler" },
        spec: { provider: { doppler: { auth: { secretRef: { dopplerToken: { name: "token" } } } } } },
        status: { conditions: [condition("Ready", "False", "ValidationFailed", "unable to validate store")] },
    });
}

const found = (options?: DiagnoseOptions) => diagnose(cluster.api, options);

describe("the plan's own symptom", () => {
    const images = [
        "ghcr.io/fluxcd/source-controller:v1.6.2",
        "busybox:1.37.0",
        "quay.io/jetstack/cert-manager-controller:v1.18.2",
        "registry.k8s.io/pause:3.10",
    ];

    it("is told as the network's fault, and not as that of Flux or Doppler", async () => {
        await write(cluster, node("cp1", "10.27.27.11"));
        await write(cluster, node("worker1", "10.27.27.21"));
        for (const [index, image] of images.entries())
            for (const on of ["cp1", "worker1"]) await stuckPod(`pod-${index}-${on}`, on, image, TLS_TIMEOUT, 7);
        await oci("podinfo", TLS_TIMEOUT, "6.9.0@sha256:1234");
        await release("podinfo", "podinfo", READY);
        await store();

        const diagnosis = await found();
        const page = diagnosisText(diagnosis);

        expect(diagnosis.blocking).toBe(true);
        expect(diagnosis.conclusion.culprit).toBe("network");
        expect(diagnosis.pulls.map(({ image, node, cause, count }) => ({ image, node, cause, count }))).toEqual(
            images
                .toSorted()
                .flatMap(image => ["cp1", "worker1"].map(on => ({ image, node: on, cause: "tls-timeout", count: 7 }))),
        );
        expect(diagnosis.nodes.map(({ node }) => node)).toEqual(["cp1", "worker1"]);
        expect(diagnosis.sources).toMatchObject([
            { object: "OCIRepository/flux-system/podinfo", effect: "acceptable" },
        ]);
        expect(page).toContain("Culprit: network.");
        expect(page).toContain("4 registries that have nothing in common fail alike");
        expect(page.split("Image pulls that fail")[0]).not.toMatch(/flux|doppler|podinfo/i);
        expect(page).not.toMatch(/\bFlux\b|Doppler|doppler/);
        expect(diagnosisMarkdown(diagnosis)).toContain("**Culprit: network.**");
    });
});

describe("image pulls", () => {
    it.each([
        ["tls-timeout", TLS_TIMEOUT, "network"],
        ["timeout", "dial tcp 192.0.2.1:443: i/o timeout", "network"],
        ["dns", "dial tcp: lookup ghcr.io on 192.0.2.53:53: no such host", "network"],
        ["rate-limit", "unexpected status from HEAD request: 429 Too Many Requests", "registry"],
        ["auth", "pull access denied, repository does not exist or may require authorization", "registry"],
        ["not-found", "ghcr.io/a/b:1: not found", "registry"],
        ["certificate", "tls: failed to verify certificate: x509: certificate signed by unknown authority", "registry"],
        ["no-space", "write /var/lib/rancher/x: no space left on device", "node"],
    ])("that fail by %s are told so, and %s", async (cause, why, culprit) => {
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", why);
        const { pulls, conclusion } = await found();
        expect(pulls).toMatchObject([{ image: "ghcr.io/a/b:1", node: "cp1", cause, waitingPods: ["apps/a"] }]);
        expect(conclusion.culprit).toBe(culprit);
    });

    it("are counted and dated over all pods of a node that want the image", async () => {
        const image = "ghcr.io/a/b:1";
        for (const name of ["a", "b"])
            await write(cluster, podWaiting({ namespace: "apps", name, node: "cp1", image }));
        const message = failedPull(image, TLS_TIMEOUT);
        const times = [
            { pod: "a", count: 3, first: "2026-01-31T10:00:00Z", last: "2026-01-31T10:30:00Z" },
            { pod: "b", count: 4, first: "2026-01-31T09:00:00Z", last: "2026-01-31T09:30:00Z" },
        ];
        for (const one of times) await write(cluster, podEvent({ namespace: "apps", node: "cp1", message, ...one }));
        expect((await found()).pulls).toMatchObject([
            {
                count: 7,
                firstSeen: "2026-01-31T09:00:00Z",
                lastSeen: "2026-01-31T10:30:00Z",
                waitingPods: ["apps/a", "apps/b"],
            },
        ]);
    });

    it("that succeeded since block nothing", async () => {
        const message = failedPull("ghcr.io/a/b:1", TLS_TIMEOUT);
        await write(cluster, podEvent({ namespace: "apps", pod: "gone", node: "cp1", message }));
        const diagnosis = await found();
        expect(diagnosis).toMatchObject({ blocking: false, conclusion: { culprit: "none" } });
        expect(diagnosisText(diagnosis)).toContain("Image pulls that failed before");
    });

    it("are known from the pod alone when its events have expired", async () => {
        const image = "ghcr.io/a/b:1";
        const message = `Back-off pulling image "${image}": ErrImagePull: failed to do request: ${TLS_TIMEOUT}`;
        const waiting = { reason: "ImagePullBackOff", message };
        await write(cluster, podWaiting({ namespace: "apps", name: "a", node: "cp1", image }, waiting));
        expect((await found()).pulls).toMatchObject([{ image, node: "cp1", cause: "tls-timeout", count: 0 }]);
    });

    it("of the sandbox image keep a pod from its first container", async () => {
        const pod = podWaiting(
            { namespace: "apps", name: "a", node: "cp1", image: "busybox" },
            { reason: "ContainerCreating", message: "" },
        );
        const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "rancher/mirrored-pause:3.6": failed to pull image "rancher/mirrored-pause:3.6": ${TLS_TIMEOUT}`;
        await write(cluster, pod);
        await write(
            cluster,
            podEvent({ namespace: "apps", pod: "a", node: "cp1", message, reason: "FailedCreatePodSandBox" }),
        );
        expect((await found()).pulls).toMatchObject([
            {
                image: "rancher/mirrored-pause:3.6",
                registry: "docker.io",
                cause: "tls-timeout",
                waitingPods: ["apps/a"],
            },
        ]);
    });
});

describe("nodes that do not reach registries", () => {
    const facts = {
        links: [{ name: "eth0", mtu: 1500, master: null, kind: null, up: true, mac: null }],
        defaultRoute: { ipv4: { link: "eth0", gateway: "10.27.27.1", mtu: null, advmss: null, gatewayMac: null } },
        resolvers: ["192.0.2.53"],
    } as unknown as HostNetworkFacts;

    it("show MTU, default route and resolver of a host that is known by its address", async () => {
        await write(cluster, node("cp1", "10.27.27.11"));
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", TLS_TIMEOUT);
        const askHost = (_: string, addresses: readonly string[]) =>
            addresses.includes("10.27.27.11") ? Promise.resolve(facts) : undefined;
        const diagnosis = await found({ askHost });
        expect(diagnosis.nodes).toMatchObject([
            { node: "cp1", source: "ssh", mtu: 1500, gateway: "10.27.27.1", resolvers: ["192.0.2.53"], note: null },
        ]);
        expect(diagnosisText(diagnosis)).toContain("MTU 1500 on eth0");
    });

    it("say how to have an unknown host asked", async () => {
        await write(cluster, node("cp1", "10.27.27.11"));
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", TLS_TIMEOUT);
        const [first] = (await found()).nodes;
        expect(first).toMatchObject({ source: "api", address: "10.27.27.11", kubelet: "v1.34.1+k3s1" });
        expect(first!.note).toContain("--stack or --hosts");
    });

    it("say why a host could not be asked", async () => {
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", TLS_TIMEOUT);
        const askHost = () => Promise.reject(new HostError("cp1", "refused", "nobody answers."));
        expect((await found({ askHost })).nodes).toMatchObject([{ source: "api", note: "cp1: nobody answers." }]);
    });

    it("are not shown for pulls that the network is not to blame for", async () => {
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", "429 Too Many Requests");
        expect((await found()).nodes).toEqual([]);
    });
});

describe("sources", () => {
    it("that fail without an artifact block what depends on them", async () => {
        await oci("podinfo", TLS_TIMEOUT, undefined);
        await release("podinfo", "podinfo", condition("Ready", "False", "SourceNotReady", "no artifact"));
        const diagnosis = await found();
        expect(diagnosis.sources).toMatchObject([{ effect: "blocks", cachedRevision: null, cause: "tls-timeout" }]);
        expect(diagnosis.releases).toMatchObject([{ because: ["its source OCIRepository/flux-system/podinfo fails"] }]);
        expect(diagnosis).toMatchObject({ blocking: true, conclusion: { culprit: "network" } });
    });

    it("with an artifact are not acceptable while something that depends on them waits for another", async () => {
        await oci("podinfo", "denied: access", "6.9.0@sha256:1234");
        await release("ready", "podinfo", READY);
        await release("broken", "podinfo", condition("Ready", "False", "SourceNotReady", "timed out"));
        await release("failing", "podinfo", condition("Ready", "False", "UpgradeFailed", "chart error"));
        expect((await found()).sources).toMatchObject([
            { effect: "blocks", unreadyDependents: ["HelmRelease/flux-system/broken"] },
        ]);
    });

    it.each([
        ["HelmRepository", "helmrepositories", { url: "https://charts.example.com", interval: "5m" }],
        ["Bucket", "buckets", { endpoint: "s3.example.com", bucketName: "b", interval: "5m" }],
    ])("of kind %s are acceptable with an artifact too", async (kind, _, spec) => {
        const status = {
            conditions: [condition("Ready", "False", "Failed", "503 Service Unavailable")],
            artifact: artifact("sha256:1234"),
        };
        await write(cluster, flux(kind, "cached", spec, status));
        const sourceRef = { kind, name: "cached" };
        const uses =
            kind === "Bucket"
                ? flux("Kustomization", "uses", { sourceRef, interval: "5m", prune: true }, { conditions: [READY] })
                : flux(
                      "HelmRelease",
                      "uses",
                      { chart: { spec: { chart: "a", sourceRef } }, interval: "5m" },
                      { conditions: [READY] },
                  );
        await write(cluster, uses);
        expect(await found()).toMatchObject({ blocking: false, sources: [{ effect: "acceptable" }] });
    });

    it("of Git block even so: what was pushed does not arrive", async () => {
        const conditions = [condition("Ready", "False", "GitOperationFailed", "unable to clone: i/o timeout")];
        const spec = { url: "https://user:hunter2@git.example.com/home.git", interval: "5m" };
        await write(cluster, flux("GitRepository", "home", spec, { conditions, artifact: artifact("main@sha1:1") }));
        await kustomization("apps", READY);
        const diagnosis = await found();
        expect(diagnosis).toMatchObject({
            blocking: true,
            sources: [{ effect: "blocks", url: "https://git.example.com/home.git" }],
        });
        expect(diagnosisText(diagnosis)).not.toContain("hunter2");
    });

    it("that are suspended, or used by nothing, block nothing", async () => {
        await oci("unused", TLS_TIMEOUT, undefined);
        const conditions = [condition("Ready", "False", "Failed", "no")];
        await write(
            cluster,
            flux("OCIRepository", "off", { url: "oci://a/b", interval: "5m", suspend: true }, { conditions }),
        );
        expect(await found()).toMatchObject({
            blocking: false,
            sources: [{ object: "OCIRepository/flux-system/unused", effect: "unused" }],
        });
    });
});

describe("releases", () => {
    it("that wait for another are listed after it, and with it", async () => {
        await kustomization("infrastructure", condition("Ready", "False", "BuildFailed", "kustomize build failed"));
        await kustomization("apps", condition("Ready", "False", "DependencyNotReady", "dependency not ready"), {
            dependsOn: [{ name: "infrastructure" }],
        });
        const { releases, conclusion } = await found();
        expect(releases.map(({ object, because }) => ({ object, because }))).toEqual([
            { object: "Kustomization/flux-system/infrastructure", because: [] },
            {
                object: "Kustomization/flux-system/apps",
                because: ["waits for Kustomization/flux-system/infrastructure"],
            },
        ]);
        expect(conclusion.sentence).toMatch(/^Kustomization\/flux-system\/infrastructure is not Ready/);
    });

    it("whose pods wait for images are explained by that, and the pulls stay the culprit", async () => {
        await stuckPod("web-7d9c-x1", "cp1", "ghcr.io/a/b:1", TLS_TIMEOUT);
        const message = "health check failed: timeout waiting for: [Deployment/apps/web status: 'InProgress']";
        await kustomization("apps", condition("Ready", "False", "HealthCheckFailed", message));
        const { releases, conclusion } = await found();
        expect(releases).toMatchObject([{ because: ["its pods wait for images: apps/web-7d9c-x1"] }]);
        expect(conclusion.culprit).toBe("network");
    });

    it("that wait for a store point to the generated Secret", async () => {
        const message = "health check failed: timeout waiting for: [ClusterSecretStore/doppler status: 'InProgress']";
        await kustomization("stores", condition("Ready", "False", "HealthCheckFailed", message));
        expect((await found()).releases[0]!.because[0]).toMatch(
            /^it waits for ClusterSecretStore\/doppler, .*generated Secret/,
        );
    });

    it("that are still at work block nothing", async () => {
        await kustomization("apps", condition("Ready", "Unknown", "Progressing", "reconciliation in progress"));
        expect(await found()).toMatchObject({ blocking: false, releases: [{ state: "progressing" }] });
    });
});

describe("secrets", () => {
    const externalSecret = (name: string, ready: object) => ({
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { namespace: "secrets", name },
        spec: {
            secretStoreRef: { kind: "ClusterSecretStore", name: "doppler" },
            data: [{ secretKey: "token", remoteRef: { key: "TOKEN" } }],
        },
        status: { conditions: [ready], refreshTime: "2026-01-31T11:00:00Z", syncedResourceVersion: "1-abc" },
    });
    const failed = condition("Ready", "False", "SecretSyncedError", "could not get secret data from provider");

    it("are not looked at unless asked for", async () => {
        await store();
        await write(cluster, externalSecret("missing", failed));
        expect(await found()).toMatchObject({ blocking: false, secrets: [] });
    });

    it("block where the generated one is missing, not where it is stale or a store does not validate", async () => {
        await store();
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: "secrets", name: "stale" } };
        await write(cluster, { ...secret, data: { token: Buffer.from("hunter2").toString("base64") } });
        await write(cluster, externalSecret("stale", failed));
        expect(await found({ secrets: true })).toMatchObject({
            blocking: false,
            secrets: [
                { object: "ExternalSecret/secrets/stale", effect: "stale" },
                { object: "ClusterSecretStore/doppler", effect: "store" },
            ],
        });
        await write(cluster, externalSecret("missing", failed));
        const diagnosis = await found({ secrets: true });
        expect(diagnosis).toMatchObject({ blocking: true, conclusion: { culprit: "secret" } });
        expect(diagnosis.secrets[0]).toMatchObject({ object: "ExternalSecret/secrets/missing", effect: "blocks" });
        expect(JSON.stringify(diagnosis)).not.toContain("hunter2");
    });
});

describe("a cluster with nothing to say", () => {
    it("gives a page of one sentence, and names what was not looked at", async () => {
        const diagnosis = await found();
        expect(diagnosis).toMatchObject({
            blocking: false,
            pulls: [],
            nodes: [],
            sources: [],
            releases: [],
            secrets: [],
        });
        expect(diagnosisText(diagnosis).trim().split("\n")).toEqual([
            expect.stringMatching(/^test /),
            "",
            "Nothing blocks: no image pull, pod, node, source or release fails now.",
            "  Not looked at: External Secrets: give --gate secrets.",
        ]);
    });
});

describe("the command", () => {
    const run = (...flags: string[]) => {
        const directory = mkdtempSync(join(tmpdir(), "clearpath-summary-"));
        const GITHUB_STEP_SUMMARY = join(directory, "summary.md");
        const args = [join(repositoryRoot, "cli", "main.ts"), "diagnose", "--kubeconfig", cluster.kubeconfig, ...flags];
        const { status, stdout, stderr } = spawnSync(process.execPath, args, {
            encoding: "utf8",
            env: { ...process.env, GITHUB_STEP_SUMMARY },
        });
        const summary = existsSync(GITHUB_STEP_SUMMARY) ? readFileSync(GITHUB_STEP_SUMMARY, "utf8") : "";
        rmSync(directory, { recursive: true });
        return { status, stdout, stderr, summary };
    };

    it("exits with 0 when nothing blocks, and with 1 and a summary for the workflow when something does", async () => {
        expect(run().status).toBe(0);
        await stuckPod("a", "cp1", "ghcr.io/a/b:1", TLS_TIMEOUT);
        const { status, stdout, summary } = run("--json", "--github-step-summary");
        expect(status).toBe(1);
        expect(JSON.parse(stdout)).toMatchObject({ version: 1, blocking: true, conclusion: { culprit: "network" } });
        expect(summary).toContain("### ❌ test");
        expect(summary).toContain("`ghcr.io/a/b:1 on cp1`");
    });

    it("exits with 3 and one sentence when it cannot ask", () => {
        expect(run("--context", "nope")).toMatchObject({ status: 3, stdout: "" });
        expect(run("--context", "nope").stderr).toMatch(/^clearpath: .* has no context nope\. It has test\. .*\n$/);
    });
});

describe("a large cluster", () => {
    it("is read in pages, narrowed on the server, and summed up by image and node", async () => {
        const size = { pods: 5000, events: 20_000, failing: 40 };
        const remove = await seed(cluster, size);
        try {
            const before = (await cluster.requests()).length;
            const { pulls } = await found();
            const asked = (await cluster.requests()).slice(before).filter(one => /\/(pods|events)\?/.test(one));
            expect(pulls.map(({ node, waitingPods }) => [node, waitingPods.length])).toEqual(
                expect.arrayContaining(["worker0", "worker1", "worker2", "worker3"].map(on => [on, 10])),
            );
            expect(asked.every(one => one.includes(`limit=${PAGE_SIZE}`) && one.includes("fieldSelector="))).toBe(true);
            expect(asked.filter(one => one.includes("/pods?"))).toHaveLength(size.pods / PAGE_SIZE);
        } finally {
            await remove();
        }
    });
});
