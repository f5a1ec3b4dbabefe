import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../../cli/root.ts";
import type { ExternalSecret } from "../../cluster/secrets/externalSecret.ts";
import { FORCE_SYNC } from "../../cluster/secrets/externalSecret.ts";
import { bootstrapSecrets, secretGate } from "../../cluster/secrets/secretGate.ts";
import { GateSettings, WantedSecret } from "../../cluster/secrets/settings.ts";
import { gateText } from "../../cluster/secrets/text.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { clear, condition, namespaces, write } from "./objects.ts";

const GROUP = "/apis/external-secrets.io/v1";
const LISTS = [`${GROUP}/externalsecrets`, `${GROUP}/clusterexternalsecrets`, "/api/v1/secrets", "/api/v1/events"];
const VALUE = "hunter2-the-value";

let cluster: ControlPlane;

beforeAll(async () => {
    cluster = await startControlPlane();
    await namespaces(cluster, "tailscale");
});

afterAll(() => cluster?.stop());

afterEach(() => clear(cluster, ...LISTS));

const SYNCED = condition("Ready", "True", "SecretSynced", "secret synced");
const FAILED = condition("Ready", "False", "SecretSyncedError", "could not get secret data from provider");
const BEFORE = { refreshTime: "2026-01-31T11:00:00Z", syncedResourceVersion: "1-before" };

interface Given {
    spec?: object;
    metadata?: object;
    status?: object;
}

async function externalSecret(name: string, { spec = {}, metadata = {}, status }: Given = {}): Promise<void> {
    await write(cluster, {
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { namespace: "tailscale", name, ...metadata },
        spec: {
            refreshInterval: "1h0m0s",
            secretStoreRef: { kind: "ClusterSecretStore", name: "doppler" },
            data: [{ secretKey: "token", remoteRef: { key: "TOKEN" } }],
            ...spec,
        },
        status,
    });
}

async function secret(name: string, data: Record<string, string>): Promise<void> {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    const metadata = { namespace: "tailscale", name };
    await write(cluster, { apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) });
}

const objectPath = (name: string) => `${GROUP}/namespaces/tailscale/externalsecrets/${name}`;

/** Waits for the gate's request, as the controller does by its watch. */
async function requested(path: string): Promise<void> {
    for (;;) {
        const { metadata } = await cluster.api.get<ExternalSecret>(path);
        if (metadata.annotations?.[FORCE_SYNC]) return;
        await delay(20);
    }
}

/** What the controller writes after a sync that succeeded. */
function synced(name: string, refreshTime = new Date()): Promise<unknown> {
    const iso = `${refreshTime.toISOString().slice(0, 19)}Z`;
    const status = { conditions: [SYNCED], refreshTime: iso, syncedResourceVersion: `1-${refreshTime.getTime()}` };
    return cluster.api.patch(`${objectPath(name)}/status`, { status });
}

const gate = (
    wanted: { name: string; keys?: string[] }[],
    settings: Partial<GateSettings> = {},
    onProgress?: (sentence: string) => void,
) =>
    secretGate(
        cluster.api,
        wanted.map(one => WantedSecret.parse({ namespace: "tailscale", ...one })),
        GateSettings.parse({ timeoutSeconds: 1, freshSeconds: 1, ...settings }),
        { onProgress },
    );

describe("a Secret that is not there", () => {
    it("is waited for until the controller has answered the request to sync", async () => {
        await externalSecret("operator-oauth");
        const progress: string[] = [];
        const waiting = gate([{ name: "operator-oauth" }], { timeoutSeconds: 60 }, one => progress.push(one));
        await requested(objectPath("operator-oauth"));
        await secret("operator-oauth", { token: VALUE });
        await synced("operator-oauth");
        expect(await waiting).toMatchObject({
            passed: true,
            secrets: [{ secret: "tailscale/operator-oauth", outcome: "fresh", keys: ["token"], reason: null }],
        });
        expect(progress[0]).toBe("tailscale/operator-oauth: sync requested");
        expect(progress.at(-1)).toBe("tailscale/operator-oauth: fresh");
    });

    it("fails with what the controller says: the condition, and the last event", async () => {
        await externalSecret("operator-oauth", { status: { conditions: [FAILED] } });
        const regarding = { kind: "ExternalSecret", namespace: "tailscale", name: "operator-oauth" };
        await write(cluster, {
            apiVersion: "v1",
            kind: "Event",
            metadata: { namespace: "tailscale", name: "operator-oauth.1" },
            involvedObject: regarding,
            type: "Warning",
            reason: "UpdateFailed",
            message: "error processing spec.data[0] (key: TOKEN): Doppler API Client: connect timeout",
            count: 4,
            lastTimestamp: "2026-01-31T12:00:00Z",
        });
        const { passed, secrets } = await gate([{ name: "operator-oauth" }]);
        expect(passed).toBe(false);
        expect(secrets[0]!.outcome).toBe("failed");
        expect(secrets[0]!.reason).toContain("the Secret tailscale/operator-oauth does not exist");
        expect(secrets[0]!.reason).toContain("SecretSyncedError: could not get secret data from provider");
        expect(secrets[0]!.reason).toContain("UpdateFailed (4 times): error processing spec.data[0]");
    });

    it("is waited for even before its ExternalSecret is applied", async () => {
        const progress: string[] = [];
        const waiting = gate([{ name: "late" }], { timeoutSeconds: 60 }, one => progress.push(one));
        while (progress.length === 0) await delay(20);
        await externalSecret("late");
        await secret("late", { token: VALUE });
        expect((await waiting).secrets).toMatchObject([{ externalSecret: "tailscale/late" }]);
        expect(progress[0]).toBe("tailscale/late: there is no such ExternalSecret yet");
    });

    it("says so where no ExternalSecret ever makes it", async () => {
        const { secrets } = await gate([{ name: "typo" }]);
        expect(secrets[0]!.reason).toMatch(/does not exist, and no ExternalSecret makes it/);
    });
});

describe("a Secret that is there", () => {
    it("passes without waiting for a provider that does not answer", async () => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [FAILED] } });
        await secret("operator-oauth", { token: VALUE });
        const result = await gate([{ name: "operator-oauth" }], { timeoutSeconds: 3600 });
        expect(result).toMatchObject({ passed: true, secrets: [{ outcome: "stale" }] });
        expect(gateText(result)).toContain("warning: it is from an earlier sync.");
    });

    it("passes with a warning when a newer one was asked for and did not come", async () => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("operator-oauth", { token: VALUE });
        const result = await gate([{ name: "operator-oauth" }], { fresh: true });
        expect(result).toMatchObject({
            passed: true,
            secrets: [{ outcome: "stale", refreshedAt: BEFORE.refreshTime }],
        });
    });

    it("counts as newer only when it was synced after the request", async () => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("operator-oauth", { token: VALUE });
        const waiting = gate([{ name: "operator-oauth" }], { fresh: true, freshSeconds: 60, timeoutSeconds: 60 });
        await requested(objectPath("operator-oauth"));
        await synced("operator-oauth", new Date(Date.now() - 60_000));
        await synced("operator-oauth");
        const { secrets } = await waiting;
        expect(secrets[0]!.outcome).toBe("fresh");
        expect(Date.parse(secrets[0]!.refreshedAt!)).toBeGreaterThan(Date.now() - 30_000);
    });

    it.each([
        ["CreatedOnce", { refreshPolicy: "CreatedOnce" }],
        ["a refresh interval of 0", { refreshInterval: "0s" }],
    ])("with %s is not waited for again, because no request makes it sync", async (_, spec) => {
        await externalSecret("once", { spec, status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("once", { token: VALUE });
        const result = await gate([{ name: "once" }], { fresh: true, freshSeconds: 3600, timeoutSeconds: 3600 });
        expect(result.secrets).toMatchObject([{ outcome: "present" }]);
    });

    it.each([
        ["lacks a key that the ExternalSecret names", { other: VALUE }, [], "lacks token"],
        ["lacks a key that was asked for", { token: VALUE }, ["token", "id"], "lacks id"],
        ["has an empty key", { token: "" }, [], "has nothing in token"],
    ])("fails when it %s", async (_, data, keys, lack) => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("operator-oauth", data);
        const { passed, secrets } = await gate([{ name: "operator-oauth", keys }]);
        expect(passed).toBe(false);
        expect(secrets[0]!.reason).toContain(lack);
    });

    it("is found by its own name where that is not the ExternalSecret's", async () => {
        const spec = { target: { name: "generated" } };
        await externalSecret("source", { spec, status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("generated", { token: VALUE });
        expect((await gate([{ name: "generated" }])).secrets).toMatchObject([
            { secret: "tailscale/generated", externalSecret: "tailscale/source", outcome: "present" },
        ]);
    });

    it("never has a value shown, not even one that an error repeats", async () => {
        const message = `rendering failed near ${VALUE}`;
        const status = { ...BEFORE, conditions: [condition("Ready", "False", "SecretSyncedError", message)] };
        await externalSecret("operator-oauth", { status });
        await secret("operator-oauth", { token: VALUE });
        const progress: string[] = [];
        const result = await gate([{ name: "operator-oauth" }], {}, one => progress.push(one));
        expect(result.secrets[0]!.reason).toContain("rendering failed near [value]");
        expect(JSON.stringify(result) + gateText(result) + progress.join()).not.toContain(VALUE);
    });
});

describe("a request to sync", () => {
    it("goes to the ClusterExternalSecret that an ExternalSecret belongs to", async () => {
        const kind = "ClusterExternalSecret";
        const store = { kind: "ClusterSecretStore", name: "doppler" };
        await write(cluster, {
            apiVersion: "external-secrets.io/v1",
            kind,
            metadata: { name: "everywhere" },
            spec: { externalSecretSpec: { secretStoreRef: store, dataFrom: [{ extract: { key: "A" } }] } },
        });
        const path = `${GROUP}/clusterexternalsecrets/everywhere`;
        const { metadata } = await cluster.api.get<ExternalSecret>(path);
        const owner = { apiVersion: "external-secrets.io/v1", kind, name: "everywhere", uid: metadata.uid };
        await externalSecret("child", { metadata: { ownerReferences: [owner] } });
        await gate([{ name: "child" }]);
        await requested(path);
        const child = await cluster.api.get<ExternalSecret>(objectPath("child"));
        expect(child.metadata.annotations?.[FORCE_SYNC]).toBeUndefined();
    });

    it("is not made where nobody wants one", async () => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("operator-oauth", { token: VALUE });
        await gate([{ name: "operator-oauth" }], { sync: false });
        const { metadata } = await cluster.api.get<ExternalSecret>(objectPath("operator-oauth"));
        expect(metadata.annotations?.[FORCE_SYNC]).toBeUndefined();
    });
});

describe("bootstrap secrets", () => {
    it("are those with the mark, as label or annotation", async () => {
        await externalSecret("by-label", { metadata: { labels: { "clearpath/bootstrap": "true" } } });
        await externalSecret("by-annotation", { metadata: { annotations: { "clearpath/bootstrap": "true" } } });
        await externalSecret("other", { metadata: { labels: { "clearpath/bootstrap": "false" } } });
        expect((await bootstrapSecrets(cluster.api)).map(({ name }) => name)).toEqual(["by-annotation", "by-label"]);
    });
});

describe("the command", () => {
    const run = (...args: string[]) =>
        spawnSync(
            process.execPath,
            [join(repositoryRoot, "cli", "main.ts"), "secrets", "--kubeconfig", cluster.kubeconfig, ...args],
            { encoding: "utf8" },
        );

    it("exits with 0 for Secrets that are there, and with 1 for one that is missing or lacks a named key", async () => {
        await externalSecret("operator-oauth", { status: { ...BEFORE, conditions: [SYNCED] } });
        await secret("operator-oauth", { token: VALUE });
        const passed = run("tailscale/operator-oauth", "--json");
        expect(passed.status).toBe(0);
        expect(JSON.parse(passed.stdout)).toMatchObject({ passed: true, secrets: [{ outcome: "present" }] });
        const failed = run("tailscale/operator-oauth:token,id", "--timeout", "1");
        expect(failed.status).toBe(1);
        expect(failed.stdout).toContain("✘ tailscale/operator-oauth: failed");
    });

    it("says what it takes, and that nothing carries the mark", () => {
        expect(run("no-namespace").status).toBe(2);
        expect(run("tailscale/a", "--fresh", "--no-sync").status).toBe(2);
        const unmarked = run();
        expect(unmarked.status).toBe(3);
        expect(unmarked.stderr).toContain("No ExternalSecret carries the label or annotation clearpath/bootstrap");
    });
});
