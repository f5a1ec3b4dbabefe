import { describe, expect, it } from "vitest";
import { registries } from "../../../provider/resources/registries.ts";
import { checkInputs, secretsOf } from "../../../provider/service/check.ts";
import { pathKey } from "../../../provider/service/values.ts";

const connection = { host: "cp1.lan" };
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const failuresOf = (given: Record<string, unknown>) => checkInputs(registries, { connection, ...given }).failures;

describe("the registries of a node are refused before anything is changed", () => {
    it.each<[string, Record<string, unknown>, RegExp]>([
        [
            "with a key that K3s does not know",
            { registries: { mirrors: { "docker.io": { endpoints: [] } } } },
            /^registries\.mirrors\["docker\.io"\]\.endpoints: there is no property of this name/,
        ],
        [
            "with a mirror that no image name leads to",
            { registries: { mirrors: { "registry-1.docker.io": { endpoint: ["https://cache.lan"] } } } },
            /^registries\.mirrors\["registry-1\.docker\.io"\]: .*Name it docker\.io\.$/,
        ],
        [
            "with a certificate authority that nobody gave",
            { registries: { configs: { "cache.lan": { tls: { ca: "cache" } } } } },
            /^registries\.configs\["cache\.lan"\]\.tls\.ca: names "cache", which is missing in certificateAuthorities/,
        ],
        [
            "with a certificate authority in two ways",
            {
                registries: { configs: { "cache.lan": { tls: { ca: "cache", ca_file: "/ca.crt" } } } },
                certificateAuthorities: { cache: PEM },
            },
            /given together with ca_file/,
        ],
        [
            "with a certificate authority that is none",
            { registries: {}, certificateAuthorities: { cache: "hush" } },
            /^certificateAuthorities\.cache: must be one or more certificates in PEM/,
        ],
        [
            "with a name that would lead out of the directory",
            { registries: {}, certificateAuthorities: { "../cache": PEM } },
            /certificateAuthorities/,
        ],
    ])("%s", (_, given, failure) => {
        expect(failuresOf(given)).toEqual([expect.stringMatching(failure)]);
    });

    it("without showing a password in a failure", () => {
        const auth = { username: "u", password: 4711 };
        expect(failuresOf({ registries: { configs: { "cache.lan": { auth } } } }).join()).not.toContain("4711");
    });
});

describe("secrets", () => {
    it("are the credentials of every registry, and the kubeconfig", () => {
        const values = {
            connection: { host: "cp1.lan", password: "hush" },
            kubeconfig: "hush",
            registries: {
                mirrors: { "docker.io": { endpoint: ["https://cache.lan"] } },
                configs: { "cache.lan": { auth: { username: "u", password: "hush" }, tls: { ca: "cache" } } },
            },
        };
        expect(secretsOf(registries.inputs, values)).toEqual(
            new Set([
                pathKey(["connection", "password"]),
                pathKey(["kubeconfig"]),
                pathKey(["registries", "configs", "cache.lan", "auth", "password"]),
            ]),
        );
    });
});
