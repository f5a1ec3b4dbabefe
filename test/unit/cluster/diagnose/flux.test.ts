import { describe, expect, it } from "vitest";
import { diagnose } from "../../../../cluster/diagnose/diagnose.ts";
import { type AnyObject, clusterOf, condition, event, FROM_GIT, flux, git, pod, READY } from "./standIn.ts";

const found = (...objects: AnyObject[]) => diagnose(clusterOf(objects));
const kustomization = (name: string, ready: object, spec: object = {}, over: object = {}) =>
    flux("Kustomization", name, { spec: { ...FROM_GIT, ...spec }, status: { conditions: [ready] }, ...over });
const waiting = (on: string) => condition("False", "DependencyNotReady", `dependency 'flux-system/${on}' is not ready`);
const PROGRESSING = condition("Unknown", "Progressing", "Reconciliation in progress");

describe("a bootstrap that is still at work", () => {
    it.each([
        [
            "a Kustomization that waits for one that is at work",
            [
                git(),
                kustomization("infra", PROGRESSING),
                kustomization("apps", waiting("infra"), { dependsOn: [{ name: "infra" }] }),
            ],
        ],
        [
            "a chain of them",
            [
                git(),
                kustomization("a", PROGRESSING),
                kustomization("b", waiting("a"), { dependsOn: [{ name: "a" }] }),
                kustomization("c", waiting("b"), { dependsOn: [{ name: "b" }] }),
            ],
        ],
        [
            "a dependency that has become Ready since",
            [
                git(),
                kustomization("infra", condition("True", "Succeeded", "done")),
                kustomization("apps", waiting("infra"), { dependsOn: [{ name: "infra" }] }),
            ],
        ],
        [
            "a source whose artifact is being built",
            [
                git({ conditions: [condition("Unknown", "Progressing", "building artifact")] }),
                kustomization(
                    "apps",
                    condition("False", "ArtifactFailed", "Source artifact not found, retrying in 30s"),
                ),
            ],
        ],
        [
            "a generation that is not reconciled yet, after one that failed",
            [
                git(),
                flux("Kustomization", "apps", {
                    generation: 3,
                    spec: FROM_GIT,
                    status: {
                        observedGeneration: 1,
                        conditions: [condition("False", "BuildFailed", "old", { observedGeneration: 2 })],
                    },
                }),
            ],
        ],
        [
            "a Kustomization that waits for a HelmRelease that is being installed",
            [
                git(),
                kustomization(
                    "apps",
                    condition(
                        "False",
                        "HealthCheckFailed",
                        "health check failed after 5m0s: timeout waiting for: [HelmRelease/flux-system/web status: 'InProgress']",
                    ),
                ),
                flux("HelmRelease", "web", { spec: FROM_GIT, status: { conditions: [PROGRESSING] } }),
            ],
        ],
    ])("is not red: %s", async (_, objects) => {
        const { blocking, conclusion } = await found(...objects);
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: false, culprit: "none" });
        expect(conclusion.sentence).toMatch(/still at work/);
    });
});

describe("Flux that does not work", () => {
    it("blocks where no controller has looked at anything", async () => {
        const objects = [
            git({}),
            flux("Kustomization", "apps", { spec: FROM_GIT, status: { observedGeneration: -1 } }),
        ];
        const { blocking, conclusion } = await found(...objects);
        expect(blocking).toBe(true);
        expect(conclusion.sentence).not.toMatch(/^Nothing/);
    });

    it("does not block in the first two minutes of its objects", async () => {
        const young = git({});
        young.metadata.creationTimestamp = new Date().toISOString();
        expect((await found(young)).blocking).toBe(false);
    });

    it("is named where a controller ends again and again", async () => {
        const crashed = pod("source-controller-7d", {
            image: "ghcr.io/fluxcd/source-controller:v1.6.2",
            waiting: { reason: "CrashLoopBackOff" },
            status: { phase: "Running" },
        });
        const { blocking, conclusion } = await found(crashed, git());
        expect(blocking).toBe(true);
        expect(conclusion.sentence).toContain("Flux itself does not run: Pod/apps/source-controller-7d");
    });

    it("never makes the page say that nothing blocks while a generation is behind", async () => {
        const { conclusion } = await found(
            git(),
            flux("Kustomization", "apps", { generation: 4, spec: FROM_GIT, status: READY }),
        );
        expect(conclusion.sentence).toMatch(
            /^Nothing fails, but 1 object is still at work: Kustomization\/flux-system\/apps/,
        );
    });
});

describe("the root", () => {
    it("is a circle of dependencies, and the sentence says so", async () => {
        const { blocking, conclusion } = await found(
            git(),
            kustomization("a", waiting("b"), { dependsOn: [{ name: "b" }] }),
            kustomization("b", waiting("c"), { dependsOn: [{ name: "c" }] }),
            kustomization("c", waiting("a"), { dependsOn: [{ name: "a" }] }),
        );
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: true, culprit: "release" });
        expect(conclusion.sentence).toMatch(/in a circle: .*\/a → .*\/b → .*\/c → .*\/a/);
    });

    it.each([
        [{ suspend: true }, "is suspended"],
        [undefined, "does not exist"],
    ])("is a dependency with %j", async (spec, why) => {
        const dependency = spec === undefined ? [] : [kustomization("infra", PROGRESSING, spec)];
        const { blocking, releases } = await found(
            git(),
            ...dependency,
            kustomization("apps", waiting("infra"), { dependsOn: [{ name: "infra" }] }),
        );
        expect(blocking).toBe(true);
        expect(releases[0]!.because.join()).toContain(why);
    });

    it("is a source that is suspended before its first fetch", async () => {
        const source = git({});
        source.spec.suspend = true;
        const { releases, blocking } = await found(
            source,
            kustomization("apps", condition("False", "ArtifactFailed", "Source artifact not found")),
        );
        expect(blocking).toBe(true);
        expect(releases[0]!.because.join()).toContain("is suspended and has nothing in storage");
    });

    it("is the chart's error, not a source that is served from storage", async () => {
        const timeout = condition("False", "OCIArtifactPullFailed", "net/http: TLS handshake timeout");
        const source = flux("OCIRepository", "web", {
            spec: { url: "oci://ghcr.io/a/web" },
            status: { conditions: [timeout], artifact: { revision: "1@sha256:1" } },
        });
        const chartRef = { kind: "OCIRepository", name: "web" };
        const release = (reason: string) =>
            flux("HelmRelease", "web", {
                spec: { chartRef },
                status: { conditions: [condition("False", reason, "no")] },
            });
        const ofChart = await found(source, release("UpgradeFailed"));
        expect(ofChart).toMatchObject({ conclusion: { culprit: "release" }, sources: [{ effect: "acceptable" }] });
        const ofSource = await found(source, release("SourceNotReady"));
        expect(ofSource).toMatchObject({ conclusion: { culprit: "network" }, sources: [{ effect: "blocks" }] });
    });

    it("is the HelmRelease that a health check waits for", async () => {
        const { conclusion } = await found(
            git(),
            kustomization(
                "apps",
                condition(
                    "False",
                    "HealthCheckFailed",
                    "timeout waiting for: [HelmRelease/flux-system/web status: 'Failed']",
                ),
            ),
            flux("HelmRelease", "web", {
                spec: FROM_GIT,
                status: { conditions: [condition("False", "InstallFailed", "execution error at template")] },
            }),
        );
        expect(conclusion.sentence).toMatch(/^HelmRelease\/flux-system\/web is not Ready, and 1 more waits for it\./);
    });

    it.each([
        `post build failed for 'apps': substitute from 'Secret/vars' error: secrets "vars" not found`,
        `could not resolve Secret chart values reference 'flux-system/vars' with key 'values.yaml': secrets "vars" not found`,
    ])("is a Secret that a release needs: %s", async message => {
        const { conclusion } = await found(git(), kustomization("apps", condition("False", "BuildFailed", message)));
        expect(conclusion.culprit).toBe("secret");
        expect(conclusion.sentence).toContain("the Secret flux-system/vars does not exist");
    });

    it("is the pod network where an artifact cannot be downloaded within the cluster", async () => {
        const message =
            "failed to download archive: GET http://source-controller.flux-system.svc.cluster.local./a.tar.gz giving up after 10 attempt(s): dial tcp 10.43.55.99:80: i/o timeout";
        const { blocking, releases } = await found(
            git(),
            kustomization("apps", condition("False", "ArtifactFailed", message)),
        );
        expect(blocking).toBe(true);
        expect(releases[0]!.because.join()).toContain("check the pod network");
    });

    it("is a source's wrong name, and no network, where the resolver denies it", async () => {
        const denied = (host: string) =>
            condition(
                "False",
                "GitOperationFailed",
                `Get "https://${host}/fleet": dial tcp: lookup ${host} on 10.43.0.10:53: no such host`,
            );
        const waits = kustomization("apps", condition("False", "ArtifactFailed", "Source artifact not found"));
        const typo = await found(git({ conditions: [denied("git.exmaple.com")] }), waits);
        expect(typo.conclusion.culprit).toBe("source");
        const known = await found(git({ conditions: [denied("github.com")] }), waits);
        expect(known.conclusion.culprit).toBe("network");
    });

    it("is found by the message where a dependency is not in the spec any more", async () => {
        const { blocking } = await found(
            git(),
            kustomization("infra", PROGRESSING),
            kustomization("apps", waiting("infra")),
        );
        expect(blocking).toBe(false);
    });

    it("is a kind that the cluster does not know, and no store", async () => {
        const message =
            'ClusterSecretStore/doppler dry-run failed: no matches for kind "ClusterSecretStore" in version "external-secrets.io/v1"';
        const { releases } = await found(
            git(),
            kustomization("stores", condition("False", "ReconciliationFailed", message)),
        );
        expect(releases[0]!.because.join()).toContain("does not know the kind ClusterSecretStore");
        expect(releases[0]!.because.join()).not.toContain("it waits for ClusterSecretStore");
    });

    it("is said of an ExternalSecret that is not there", async () => {
        const message = "timeout waiting for: [ExternalSecret/apps/token status: 'NotFound']";
        const { releases } = await found(
            git(),
            kustomization("apps", condition("False", "HealthCheckFailed", message)),
        );
        expect(releases[0]!.because.join()).toContain("ExternalSecret/apps/token does not exist");
    });
});

describe("a long chain of dependencies", () => {
    it("of 2,000 Kustomizations is judged", async () => {
        const many = Array.from({ length: 2000 }, (_, index) =>
            kustomization(`k${index}`, waiting(`k${index + 1}`), { dependsOn: [{ name: `k${index + 1}` }] }),
        );
        expect((await found(git(), ...many)).blocking).toBe(true);
    });
});

describe("External Secrets", () => {
    const failed = condition("False", "SecretSyncedError", "could not get secret data from provider");
    const externalSecret = (name: string, over: object = {}): AnyObject => ({
        kind: "ExternalSecret",
        metadata: { namespace: "apps", name },
        spec: { data: [{ secretKey: "token" }], ...over },
        status: { conditions: [failed], refreshTime: "2026-01-31T10:00:00Z" },
    });
    const why = 'unable to fetch DopplerSecret: Get "https://api.example.com/v3": net/http: TLS handshake timeout';
    const warning = event({ kind: "ExternalSecret", name: "token" }, "UpdateFailed", why);
    const judged = (objects: AnyObject[], forbidden: string[] = []) =>
        diagnose(clusterOf(objects, forbidden), { secrets: true });

    it("are judged with their last event, and the release that waits for one is no culprit", async () => {
        const message = "timeout waiting for: [ExternalSecret/apps/token status: 'InProgress']";
        const { conclusion, secrets } = await judged([
            git(),
            kustomization("apps", condition("False", "HealthCheckFailed", message)),
            externalSecret("token"),
            warning,
        ]);
        expect(conclusion).toMatchObject({
            culprit: "secret",
            sentence: expect.stringContaining("TLS handshake timeout"),
        });
        expect(conclusion.actions.join()).toContain("clearpath probe");
        expect(secrets).toMatchObject([
            { effect: "blocks", cause: "tls-timeout", message: expect.stringContaining("DopplerSecret") },
        ]);
    });

    it("that a pod lacks are the culprit, and not the pod", async () => {
        const lacking = pod("web", {
            waiting: { reason: "CreateContainerConfigError", message: 'secret "token" not found' },
        });
        const { conclusion, stuckPods } = await judged([lacking, externalSecret("token"), warning]);
        expect(stuckPods).toMatchObject([{ pod: "apps/web", missingSecret: "token" }]);
        expect(conclusion.culprit).toBe("secret");
        expect(conclusion.sentence).toContain("ExternalSecret/apps/token");
    });

    it("that make no Secret are not asked for one", async () => {
        const { blocking, secrets } = await judged([
            externalSecret("config", { target: { manifest: { apiVersion: "v1", kind: "ConfigMap" } } }),
        ]);
        expect({ blocking, effect: secrets[0]!.effect }).toEqual({ blocking: false, effect: "stale" });
        expect(secrets[0]!.message).toContain("generates a ConfigMap");
    });

    it("whose Secrets may not be read are not judged, and all the rest is", async () => {
        const { blocking, secrets, notLookedAt } = await judged([externalSecret("token")], ["/secrets/"]);
        expect({ blocking, effect: secrets[0]!.effect }).toEqual({ blocking: false, effect: "unknown" });
        expect(notLookedAt.join()).toContain("Generated Secrets");
    });

    it("acquit no network where a store could not be reached", async () => {
        const store: AnyObject = {
            kind: "ClusterSecretStore",
            metadata: { name: "doppler" },
            spec: { provider: { doppler: {} } },
            status: { conditions: [condition("False", "ValidationFailed", "unable to validate store")] },
        };
        const { blocking, conclusion } = await judged([
            store,
            event({ kind: "ClusterSecretStore", name: "doppler", namespace: "default" }, "ValidationFailed", why),
        ]);
        expect(blocking).toBe(false);
        expect(conclusion.sentence).toContain("the network does not carry the requests to a provider");
        expect(conclusion.actions.join()).toContain("clearpath probe");
    });
});
