import { describe, expect, test } from "vitest";
import { internetAddresses } from "../../../../lab/network/internet/addresses.ts";
import { parseScenario } from "../../../../lab/network/scenario.ts";
import { INTERNET_HOSTS } from "../../../../lab/network/topology.ts";
import { judgedScenarios } from "../../../../lab/verdicts/campaign.ts";
import { vary } from "../../../../lab/verdicts/vary.ts";

const SEEDS = Array.from({ length: 200 }, (_, number) => `${number}`);

describe("a scenario in other numbers", () => {
    test("is the same for the same seed and another for another", () => {
        const scenario = parseScenario({ internet: { paths: [{ mtu: 1380 }] } });
        expect(vary(scenario, "1")).toEqual(vary(scenario, "1"));
        expect(vary(scenario, "1")).not.toEqual(vary(scenario, "2"));
    });

    test("keeps a path MTU on its side of the nodes' and of what IPv6 demands", () => {
        const scenario = parseScenario({ internet: { paths: [{ mtu: 1380 }] }, nodes: { mtu: 1400 } });
        const drawn = SEEDS.map(seed => vary(scenario, seed).internet.paths[0]!.mtu);
        expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1280);
        expect(Math.max(...drawn)).toBeLessThan(1400);
        expect(new Set(drawn).size).toBeGreaterThan(50);
    });

    test("expects the path MTU that was drawn", () => {
        const expected = { cause: "pmtu-black-hole" as const, pathMtu: { ipv4: 1380, ipv6: null } };
        const scenario = parseScenario({ internet: { paths: [{ mtu: 1380 }] }, expect: { before: expected } });
        const drawn = vary(scenario, "1");
        expect(drawn.expect.before?.pathMtu).toEqual({ ipv4: drawn.internet.paths[0]!.mtu, ipv6: null });
    });

    test("leaves what never fails, what always fails, and a healthy size alone", () => {
        const scenario = parseScenario({
            internet: { endpoints: { "quay.io": { status: 503 }, "ghcr.io": { tls: "expired" } } },
        });
        for (const seed of SEEDS) {
            const { endpoints, paths, dns } = vary(scenario, seed).internet;
            expect(endpoints).toMatchObject({ "quay.io": { failPercent: 100 }, "ghcr.io": { failPercent: 0 } });
            expect(paths[0]).toMatchObject({ mtu: 1500 });
            expect(dns.failPercent).toBe(0);
        }
    });

    test("keeps a loss of everything whole, and one of nearly everything below that", () => {
        const losing = (lossPercent: number) => parseScenario({ internet: { paths: [{ lossPercent }] } });
        for (const seed of SEEDS) {
            expect(vary(losing(100), seed).internet.paths[0]!.lossPercent).toBe(100);
            expect(vary(losing(95), seed).internet.paths[0]!.lossPercent).toBeLessThan(100);
        }
    });

    test("keeps the addresses of the internet where the gateway blocks one of them, and otherwise draws new ones", () => {
        const blocking = (target: string) => parseScenario({ gateway: { blockFromVms: [target] } });
        const addressSeeds = (target: string) => SEEDS.map(seed => vary(blocking(target), seed).internet.addressSeed);
        expect(new Set(addressSeeds("198.51.100.50"))).toEqual(new Set([0]));
        expect(new Set(addressSeeds("ghcr.io")).size).toBeGreaterThan(100);
    });

    test("is a valid scenario for each of the repository's", () => {
        const scenarios = judgedScenarios();
        expect(scenarios.length).toBeGreaterThanOrEqual(24);
        for (const scenario of scenarios) expect(vary(scenario, "1").name).toBe(scenario.name);
    });
});

describe("addresses of the internet", () => {
    test("are those of the lab's map for seed 0", () => {
        expect(internetAddresses(0)).toEqual(INTERNET_HOSTS);
    });

    test("stay in their networks and differ from each other for every other seed", () => {
        const drawn = internetAddresses(7);
        const networkOf = (address: string) => address.replace(/[0-9a-f]+$/, "");
        for (const [host, { ipv4, ipv6 }] of Object.entries(INTERNET_HOSTS)) {
            const now = drawn[host as keyof typeof drawn];
            expect(networkOf(now.ipv4)).toBe(networkOf(ipv4));
            expect(networkOf(now.ipv6)).toBe(networkOf(ipv6));
        }
        const all = Object.values(drawn).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
        expect(new Set(all).size).toBe(all.length);
    });
});
