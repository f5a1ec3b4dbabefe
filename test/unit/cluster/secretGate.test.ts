import { describe, expect, it } from "vitest";
import { ApiFailure } from "../../../cluster/api/apiFailure.ts";
import type { ClusterApi } from "../../../cluster/api/clusterApi.ts";
import { secretGate } from "../../../cluster/secrets/secretGate.ts";
import { GateSettings } from "../../../cluster/secrets/settings.ts";
import { gateText } from "../../../cluster/secrets/text.ts";

const WEBHOOK =
    'https://cluster.example answered PATCH /externalsecrets/token with 500: Internal error occurred: failed calling webhook "validate.externalsecret.external-secrets.io": connection refused.';

const SYNCED = {
    conditions: [{ type: "Ready", status: "True", reason: "SecretSynced", message: "secret synced" }],
    refreshTime: "2026-01-31T10:00:00Z",
    syncedResourceVersion: "1-a",
};

/** A cluster with one ExternalSecret, and with its Secret where `data` is given; requests for a sync fail by `refusal`. */
function clusterOf(refusal: Error, data: object | undefined, target: object = {}, status: object = SYNCED): ClusterApi {
    const stand = {
        async find(path: string) {
            if (path === "/apis/external-secrets.io")
                return { preferredVersion: { version: "v1" }, versions: [{ version: "v1" }] };
            if (path.includes("/secrets/")) return data && { data };
            return {
                metadata: { namespace: "apps", name: "token" },
                spec: { target, data: [{ secretKey: "token" }] },
                status,
            };
        },
        get: async () => ({ resources: [{ kind: "ExternalSecret", name: "externalsecrets", namespaced: true }] }),
        patch: () => Promise.reject(refusal),
        async *list() {},
    };
    return stand as unknown as ClusterApi;
}

const WANTED = [{ namespace: "apps", name: "token", keys: [] }];
const TOKEN = { token: Buffer.from("a token").toString("base64") };
const judged = (api: ClusterApi, settings: object = {}) =>
    secretGate(api, WANTED, GateSettings.parse({ timeoutSeconds: 1, freshSeconds: 0, ...settings }));

describe("a gate whose request for a sync is refused", () => {
    it.each([
        ["External Secrets' webhook is not there", new ApiFailure(WEBHOOK, 500)],
        ["the user may not change ExternalSecrets", new ApiFailure("answered PATCH with 403: forbidden.", 403)],
    ])("passes with a warning when the Secret is there: %s", async (_, refusal) => {
        const result = await judged(clusterOf(refusal, TOKEN));
        expect(result).toMatchObject({ passed: true, secrets: [{ outcome: "present" }] });
        expect(result.secrets[0]!.reason).toContain(refusal.message);
        expect(gateText(result)).toContain("warning: no sync could be asked for");
    });

    it("passes with `fresh` too, as stale", async () => {
        const result = await judged(clusterOf(new ApiFailure(WEBHOOK, 500), TOKEN), { fresh: true });
        expect(result).toMatchObject({ passed: true, secrets: [{ outcome: "stale" }] });
    });

    it("fails when the Secret is missing, and names the refusal as well", async () => {
        const result = await judged(clusterOf(new ApiFailure(WEBHOOK, 500), undefined));
        expect(result).toMatchObject({ passed: false, secrets: [{ outcome: "failed" }] });
        expect(result.secrets[0]!.reason).toContain("failed calling webhook");
    });

    it.each([
        ["the connection", new ApiFailure("cannot be asked", 0)],
        ["the login", new ApiFailure("answered with 401", 401)],
    ])("does not hide that %s failed", async (_, refusal) => {
        await expect(judged(clusterOf(refusal, TOKEN))).rejects.toThrow(refusal);
    });
});

describe("an ExternalSecret that generates no Secret", () => {
    const target = { manifest: { apiVersion: "v1", kind: "ConfigMap" } };

    it("is judged by its last sync", async () => {
        const refusal = new ApiFailure(WEBHOOK, 500);
        expect((await judged(clusterOf(refusal, undefined, target))).passed).toBe(true);
        const never = await judged(clusterOf(refusal, undefined, target, {}));
        expect(never.passed).toBe(false);
        expect(never.secrets[0]!.reason).toContain("the ConfigMap apps/token was never synced");
    });
});
