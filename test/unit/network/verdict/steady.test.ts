import { describe, expect, test } from "vitest";
import { endpoint, endpoints, gateway, judged, node } from "./reports.ts";
import { simulated, type Trouble } from "./simulated.ts";

const RUNS = 400;

/** How often each cause is named in that many runs of a network with this trouble. */
function named(trouble: Trouble): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let seed = 1; seed <= RUNS; seed++) {
        const { cause } = judged(simulated(trouble, seed));
        counts[cause] = (counts[cause] ?? 0) + 1;
    }
    return counts;
}

describe("what is a fault at all", () => {
    test.each([
        { what: "5 % of packets are lost", trouble: { loss: 0.05 }, cause: "packet-loss" },
        { what: "2 % of packets are lost", trouble: { loss: 0.02 }, cause: "packet-loss" },
        { what: "1 % of packets is lost", trouble: { loss: 0.01 }, cause: "packet-loss" },
        { what: "the resolver drops one query in five", trouble: { dns: 0.2 }, cause: "dns" },
        { what: "the resolver drops one query in twenty", trouble: { dns: 0.05 }, cause: "dns" },
        {
            what: "one endpoint fails every fourth time",
            trouble: { http: { endpoint: "quay.io", share: 0.25 } },
            cause: "upstream",
        },
    ])("$what: never none, and $cause in 97 of 100 runs", ({ trouble, cause }) => {
        const counts = named(trouble);
        expect(counts.none ?? 0).toBe(0);
        expect(counts[cause]).toBeGreaterThanOrEqual(RUNS * 0.97);
    });

    test("nothing is lost: always none", () => {
        expect(named({})).toEqual({ none: RUNS });
    });

    test("one packet in a thousand is lost: next to never packet loss", () => {
        expect(named({ loss: 0.001 })["packet-loss"] ?? 0).toBeLessThanOrEqual(RUNS * 0.005);
    });

    test("one connection of VMs in ten waits for a source port: never none, and no packet loss", () => {
        const counts = named({ noPort: 0.1 });
        expect(counts.none ?? 0).toBe(0);
        expect(counts["packet-loss"] ?? 0).toBe(0);
    });
});

describe("none is not said though every vantage point passed its sequential test", () => {
    const stable = { stability: "stable" as const };
    const once = (name: string) => endpoint(name, { attempts: 40, succeeded: 39, failures: { http: 1 } });
    const thrice = { ...stable, endpoints: ["quay.io", "ghcr.io", "registry.k8s.io"].map(once) };
    test.each([
        {
            what: "all of them together fail surely more often than one time in a hundred",
            reports: [gateway(thrice), node("cp1", thrice), node("worker1", thrice)],
        },
        {
            what: "one endpoint of many fails surely more often than that",
            reports: [
                gateway(),
                node("cp1", {
                    ...stable,
                    endpoints: endpoints(endpoint("quay.io", { succeeded: 25, failures: { http: 5 } })),
                }),
            ],
        },
        {
            what: "one place of an endpoint is never connected to",
            reports: [
                gateway(),
                node("cp1", {
                    ...stable,
                    endpoints: endpoints(
                        endpoint("quay.io", {
                            attempts: 60,
                            succeeded: 58,
                            failures: { "connect-timeout": 2 },
                            byPlace: [
                                { host: "quay.io", family: "ipv4", attempts: 58, failures: {} },
                                {
                                    host: "cdn01.quay.io",
                                    family: "ipv4",
                                    attempts: 2,
                                    failures: { "connect-timeout": 2 },
                                },
                            ],
                        }),
                    ),
                }),
            ],
        },
    ])("$what", ({ reports }) => {
        expect(judged(reports).cause).not.toBe("none");
    });

    test("at a higher stable rate than was reached", () => {
        const twice = endpoints(endpoint("quay.io", { succeeded: 28, failures: { http: 2 } }));
        const reports = [gateway(), node("cp1"), node("worker1", { ...stable, endpoints: twice })];
        expect(judged(reports).cause).toBe("none");
        expect(judged(reports, [], { stableRate: 0.999, confidence: 0.95 }).cause).toBe("upstream");
    });
});
