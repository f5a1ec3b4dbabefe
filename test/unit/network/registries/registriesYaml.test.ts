import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { argsOfRegistries, registriesOf } from "../../../../network/registries/args.ts";
import { parseRegistries } from "../../../../network/registries/parse.ts";
import { registriesYaml } from "../../../../network/registries/registriesYaml.ts";
import { anyRegistries } from "./arbitrary.ts";

describe("registries.yaml", () => {
    it("is written in K3s's words, with every name and value in quotes", () => {
        const text = registriesYaml({
            mirrors: {
                "*": { endpoint: ["https://cache.lan:5000"] },
                "docker.io": { rewrite: { "^(.*)$": "hub/$1" } },
            },
            configs: {
                "cache.lan:5000": { auth: { username: "y", password: "1e3" }, tls: { insecure_skip_verify: true } },
            },
        });

        expect(text).toBe(`# Written by Clearpath. Change it there: what is changed here is taken back.
configs:
  "cache.lan:5000":
    auth:
      password: "1e3"
      username: "y"
    tls:
      insecure_skip_verify: true
mirrors:
  "*":
    endpoint:
      - "https://cache.lan:5000"
  "docker.io":
    rewrite:
      "^(.*)$": "hub/$1"
`);
    });

    it("says to readers of YAML 1.1 and 1.2, and to K3s's, what was meant", () => {
        fc.assert(
            fc.property(anyRegistries, registries => {
                const text = registriesYaml(registries);

                expect(parseRegistries(text)).toMatchObject({ problems: [] });
                expect(parseRegistries(text).file?.registries).toEqual(registries);
                for (const version of ["1.1", "1.2"] as const) expect(parse(text, { version })).toEqual(registries);
            }),
        );
    });

    it("is the same for any order of names", () => {
        const one = { mirrors: { "a.lan": {}, "b.lan": {} }, configs: {} };
        const other = { configs: {}, mirrors: { "b.lan": {}, "a.lan": {} } };

        expect(registriesYaml(one)).toBe(registriesYaml(other));
    });
});

describe("a certificate authority by name", () => {
    const named = {
        configs: { "cache.lan": { auth: { username: "u" }, tls: { ca: "cache", insecure_skip_verify: false } } },
    };
    const inFile = {
        configs: {
            "cache.lan": {
                auth: { username: "u" },
                tls: { ca_file: "/etc/rancher/k3s/registries-ca/cache.crt", insecure_skip_verify: false },
            },
        },
    };

    it("stands in registries.yaml as the file that it is distributed to", () => {
        expect(registriesOf(named)).toEqual(inFile);
    });

    it("is recognized by the path of its file, and by no other path", () => {
        expect(argsOfRegistries(inFile)).toEqual(named);
        const other = { configs: { "a.lan": { tls: { ca_file: "/etc/ssl/a.crt" } } } };
        expect(argsOfRegistries(other)).toEqual(other);
    });
});
