import { describe, expect, it } from "vitest";
import {
    canBeForced,
    type ExternalSecret,
    generatedKind,
    keysToExpect,
} from "../../../cluster/secrets/externalSecret.ts";
import { lackOf } from "../../../cluster/secrets/generatedSecret.ts";

const of = (spec: ExternalSecret["spec"], syncedResourceVersion = "1-a"): ExternalSecret => ({
    metadata: { name: "a", namespace: "b" },
    spec,
    status: { syncedResourceVersion },
});

describe("whether a request makes an ExternalSecret sync", () => {
    it.each([
        [{}, true],
        [{ refreshInterval: "1h0m0s" }, true],
        [{ refreshInterval: "0" }, false],
        [{ refreshInterval: "0h0m0s" }, false],
        [{ refreshPolicy: "Periodic", refreshInterval: "10m" }, true],
        [{ refreshPolicy: "OnChange", refreshInterval: "0" }, true],
        [{ refreshPolicy: "CreatedOnce", refreshInterval: "10m" }, false],
    ] as const)("with %j: %s", (spec, expected) => {
        expect(canBeForced(of(spec))).toBe(expected);
        expect(canBeForced(of(spec, ""))).toBe(true);
    });
});

describe("keys that a generated Secret must have", () => {
    it.each([
        ["those of data", { data: [{ secretKey: "a" }, { secretKey: "b" }] }, ["a", "b"]],
        [
            "those of the template's data",
            { data: [{ secretKey: "a" }], target: { template: { data: { x: "" } } } },
            ["x"],
        ],
        ["unknown with dataFrom alone", { dataFrom: [{}] }, []],
        ["those of data beside dataFrom", { data: [{ secretKey: "a" }], dataFrom: [{}] }, ["a"]],
        [
            "those of data where the template has none",
            { data: [{ secretKey: "a" }], target: { template: { metadata: {} } } },
            ["a"],
        ],
        [
            "those of both where the template is merged",
            { data: [{ secretKey: "a" }], target: { template: { data: { x: "" }, mergePolicy: "Merge" } } },
            ["a", "x"],
        ],
        [
            "unknown with templates from elsewhere",
            { data: [{ secretKey: "a" }], target: { template: { templateFrom: [{}] } } },
            [],
        ],
    ])("are %s", (_, spec, keys) => {
        expect(keysToExpect(of(spec as ExternalSecret["spec"]))).toEqual(keys);
    });
});

describe("what an ExternalSecret generates", () => {
    it.each([
        [{}, undefined],
        [{ target: { name: "a" } }, undefined],
        [{ target: { manifest: { apiVersion: "v1", kind: "Secret" } } }, undefined],
        [{ target: { manifest: { apiVersion: "v1", kind: "ConfigMap" } } }, "ConfigMap"],
        [{ target: { creationPolicy: "None" } }, "nothing"],
        [{ target: { creationPolicy: "Merge" } }, undefined],
    ])("with %j in place of a Secret: %s", (spec, kind) => {
        expect(generatedKind(of(spec))).toBe(kind);
    });
});

describe("what a Secret lacks", () => {
    const secret = (keys: string[], emptyKeys: string[] = []) => ({ keys, emptyKeys, conceal: (text: string) => text });
    it.each([
        [undefined, ["a"], "does not exist"],
        [secret([]), [], "has no keys"],
        [secret(["a"]), ["a", "b"], "lacks b"],
        [secret(["a", "b"], ["b"]), ["a"], undefined],
        [secret(["a", "b"], ["b"]), [], "has nothing in b"],
        [secret(["a"]), [], undefined],
    ])("of %j with keys %j expected: %s", (found, expected, lack) => {
        expect(lackOf(found, expected)).toBe(lack);
    });
});
