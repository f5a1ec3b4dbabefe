import { describe, expect, it } from "vitest";
import { registryTlsVerified, upstreamFallbackKept } from "../../../policy/registries.ts";
import { judgeStack, type ResourceSpec, UNKNOWN } from "./stackOf.ts";

function registries(given: Record<string, unknown>, props: Record<string, unknown> = {}): ResourceSpec {
    const known = { registries: given, k3sVersion: "v1.33.3+k3s1", upstreamLast: true, ...props };
    return { type: "clearpath:k3s:Registries", name: "registries-cp1", props: known };
}

const wildcard = { mirrors: { "*": { endpoint: ["https://cache.lan"] } } };
const byName = { mirrors: { "docker.io": { endpoint: ["https://cache.lan"] } } };

describe("upstream-fallback-kept", () => {
    it.each([
        ["mirrors by name on any release", byName, { k3sVersion: "v1.32.2+k3s1" }],
        ["a wildcard on a release that keeps the upstream", wildcard, {}],
        ["mirrors by name where there is no K3s yet", byName, { k3sVersion: null }],
        ["a node without mirrors whose K3s never asks upstream", {}, { upstreamLast: false }],
    ])("accepts %s", async (_, given, props) => {
        expect((await judgeStack(upstreamFallbackKept, [registries(given, props)])).violations).toEqual([]);
    });

    it.each([
        [
            "a wildcard on v1.32.2",
            wildcard,
            { k3sVersion: "v1.32.2+k3s1" },
            /on K3s v1\.32\.2 a "\*" mirror has no upstream/,
        ],
        ["a wildcard where there is no K3s yet", wildcard, { k3sVersion: null }, /there is no K3s yet.*k3sVersion/],
        ["mirrors where K3s never asks upstream", byName, { upstreamLast: false }, /stops pulls of docker\.io/],
    ])("refuses %s", async (_, given, props, message) => {
        const { violations } = await judgeStack(upstreamFallbackKept, [registries(given, props)]);

        expect(violations).toEqual([{ message: expect.stringMatching(message), urn: "registries-cp1" }]);
    });

    it("leaves a wildcard to be judged after the update while the release is not known", async () => {
        const nodes = [registries(wildcard, { k3sVersion: UNKNOWN })];

        expect(await judgeStack(upstreamFallbackKept, nodes)).toEqual({ violations: [], unjudged: expect.any(String) });
    });

    it("goes by the release that it is told, until the node's own is known", async () => {
        const config = { k3sVersion: "v1.33.3+k3s1" };
        const judged = (k3sVersion: unknown) =>
            judgeStack(upstreamFallbackKept, [registries(wildcard, { k3sVersion })], { config });

        expect(await judged(UNKNOWN)).toEqual({ violations: [] });
        expect(await judged(null)).toEqual({ violations: [] });
        expect((await judged("v1.32.2+k3s1")).violations).toHaveLength(1);
    });
});

describe("registry-tls-verified", () => {
    const insecure = { ...byName, configs: { "cache.lan": { tls: { insecure_skip_verify: true } } } };
    const plain = { mirrors: { "docker.io": { endpoint: ["http://cache.lan:5000"] } } };

    it.each([
        ["https mirrors", byName],
        [
            "a mirror on the node itself without TLS",
            { mirrors: { "docker.io": { endpoint: ["http://127.0.0.1:5000"] } } },
        ],
        ["one that names its certificate authority", { ...byName, configs: { "cache.lan": { tls: { ca: "cache" } } } }],
    ])("accepts %s", async (_, given) => {
        expect(await judgeStack(registryTlsVerified, [registries(given)])).toEqual({ violations: [] });
    });

    it.each([
        ["any certificate", insecure, /any certificate of cache\.lan is accepted/, "cache.lan"],
        ["no TLS at all", plain, /mirror cache\.lan:5000 is asked over http/, "cache.lan:5000"],
    ])("refuses %s, unless the registry is exempt", async (_, given, message, host) => {
        const { violations } = await judgeStack(registryTlsVerified, [registries(given)]);
        const config = { exemptRegistries: [host] };

        expect(violations).toEqual([{ message: expect.stringMatching(message), urn: "registries-cp1" }]);
        expect(await judgeStack(registryTlsVerified, [registries(given)], { config })).toEqual({ violations: [] });
    });
});
