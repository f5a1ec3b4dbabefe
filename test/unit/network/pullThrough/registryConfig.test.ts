import { describe, expect, test } from "vitest";
import { fuseTable } from "../../../../network/pullThrough/fuse.ts";
import { proxyConfig, twinConfig } from "../../../../network/pullThrough/registryConfig.ts";
import { evictUnit, registryUnit } from "../../../../network/pullThrough/units.ts";
import { cachedUpstreams, Upstream } from "../../../../network/pullThrough/upstream.ts";

const [upstream] = cachedUpstreams([Upstream.parse({ registry: "ghcr.io" })]) as [
    ReturnType<typeof cachedUpstreams>[number],
];
const settings = { upstream, storage: "/var/cache/x", metricsAddress: "127.0.0.1" };

describe("the configuration of an instance", () => {
    test("of a proxy names the upstream and whom it is asked as", () => {
        const credentials = { username: "me", password: "hunter2" };
        const { proxy } = JSON.parse(proxyConfig({ ...settings, distribution: 2, credentials }));
        expect(proxy).toEqual({ remoteurl: "https://ghcr.io", ...credentials });
    });

    test("has the time after which distribution 3 forgets, which distribution 2 would refuse", () => {
        expect(JSON.parse(proxyConfig({ ...settings, distribution: 3 })).proxy.ttl).toBe("0s");
        expect(JSON.parse(proxyConfig({ ...settings, distribution: 2 })).proxy).not.toHaveProperty("ttl");
    });

    test("of a twin knows no upstream and changes nothing of the storage that both have", () => {
        const proxy = JSON.parse(proxyConfig({ ...settings, distribution: 2 }));
        const twin = JSON.parse(twinConfig({ ...settings, distribution: 2 }));
        expect(twin).not.toHaveProperty("proxy");
        expect(twin.storage.maintenance.readonly.enabled).toBe(true);
        expect(twin.storage.filesystem).toEqual(proxy.storage.filesystem);
        expect([proxy.http.addr, twin.http.addr]).toEqual([":5000", ":5001"]);
    });

    test("caches no descriptor, because it would be wrong after an eviction", () => {
        for (const text of [
            proxyConfig({ ...settings, distribution: 2 }),
            twinConfig({ ...settings, distribution: 2 }),
        ])
            expect(JSON.parse(text).storage).not.toHaveProperty("cache");
    });
});

describe("a unit", () => {
    const of = (kind: "proxy" | "twin") =>
        registryUnit({ upstream, kind, program: "/usr/bin/docker-registry", memoryMax: "512M", revision: "1" });

    test("of a proxy restarts before distribution 2 forgets, without its list of what to forget", () => {
        expect(of("proxy")).toMatch(/^RuntimeMaxSec=5d$/m);
        expect(of("proxy")).toMatch(/^ExecStartPre=rm -f %C\/clearpath-registry-ghcr\.io\/scheduler-state\.json$/m);
        expect(of("twin")).not.toMatch(/RuntimeMaxSec|scheduler-state/);
    });

    test("gets its key from systemd and may read no other", () => {
        expect(of("proxy")).toMatch(/^LoadCredential=tls\.key:\/etc\/clearpath\/registry\/tls\.key$/m);
        expect(of("proxy")).not.toMatch(/^User=root$/m);
    });

    test("of the eviction follows systemd's links to the directories", () => {
        expect(evictUnit([upstream], 50)).toMatch(/ 52428800 %C\/clearpath-registry-ghcr\.io\/$/m);
    });
});

describe("the fuse", () => {
    test.each([
        ["10.27.27.5", "ip daddr 10.27.27.5 tcp dport { 5000, 5001 }"],
        ["2001:db8:27::5", "ip6 daddr 2001:db8:27::5 tcp dport { 5000, 5001 }"],
    ])("refuses what %s did not answer, and marks what it is asked first", (address, match) => {
        const [refuse, mark] = fuseTable(address, [upstream])
            .split("\n")
            .filter(line => line.includes(match));
        expect(refuse).toContain("reject with tcp reset");
        expect(mark).toContain("ct mark set");
    });
});
