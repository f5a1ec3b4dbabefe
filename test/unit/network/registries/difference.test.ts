import { describe, expect, it } from "vitest";
import { registriesDifference } from "../../../../network/registries/difference.ts";

const BEFORE = `mirrors:
  docker.io: {endpoint: ["https://u:hush@old.lan"]}
  quay.io: {endpoint: ["https://old.lan"]}
configs:
  old.lan: {auth: {username: u, password: hush}}
  kept.lan: {auth: {username: u, password: hush}, tls: {ca_file: /ca.crt}}
`;

describe("the difference of two registries.yaml", () => {
    it("names what goes, what comes and what changes, and shows no credentials", () => {
        const lines = registriesDifference(BEFORE, {
            mirrors: { "docker.io": { endpoint: ["https://cache.lan"] }, "ghcr.io": {} },
            configs: { "kept.lan": { auth: { username: "u", password: "hush2" }, tls: { ca_file: "/ca.crt" } } },
        });

        expect(lines).toEqual([
            'mirrors["docker.io"].endpoint: ["https://…@old.lan"] becomes ["https://cache.lan"]',
            'mirrors["ghcr.io"] is added',
            'mirrors["quay.io"] is removed: {"endpoint":["https://old.lan"]}',
            'configs["kept.lan"].auth changes (not shown)',
            'configs["old.lan"] is removed: {"auth":"(not shown)"}',
        ]);
    });

    it("is nothing for files that say the same", () => {
        expect(registriesDifference("mirrors:\n  a.lan:\n", { mirrors: { "a.lan": {} } })).toEqual([]);
    });

    it("says what it cannot understand", () => {
        expect(registriesDifference("mirrors: []\n", {})[0]).toMatch(/^line 1 of it is not understood: .*a map/);
    });
});
