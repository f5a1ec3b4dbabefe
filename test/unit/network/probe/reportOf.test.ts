import { describe, expect, test } from "vitest";
import { passed } from "../../../../network/probe/passed.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import type { Sample } from "../../../../network/probe/report.ts";
import { type Findings, reportOf } from "../../../../network/probe/reportOf.ts";
import { node } from "../verdict/reports.ts";

const plan = ProbePlan.parse({ endpoints: [{ host: "ghcr.io" }, { host: "quay.io" }], images: ["quay.io/a:1"] });

function sample(changes: Partial<Sample>): Sample {
    return { id: "s0", endpoint: "ghcr.io", at: 0, totalMs: 20, hello: "small", ...changes };
}

function found(changes: Partial<Findings>): Findings {
    const { facts } = node("cp1");
    const pathMtu = { ipv4: null, ipv6: null };
    return { samples: [], pulls: [], pathMtu, facts, seconds: 2, incompleteReason: null, ...changes };
}

const summed = (changes: Partial<Findings>) =>
    reportOf({ vantagePoint: "cp1", role: "server" }, plan, "2026-01-01T00:00:00.000Z", found(changes));

describe("reportOf", () => {
    test("counts attempts, failures by kind and hello, and what succeeded late", () => {
        const report = summed({
            samples: [
                sample({ at: 1 }),
                sample({ at: 2, failure: "tls-timeout", hello: "large" }),
                sample({ at: 3, tlsMs: 6200 }),
                sample({ at: 4, dnsMs: 5010 }),
                sample({ at: 5, retransmits: 1 }),
                sample({ at: 6, connectMs: 1020 }),
                sample({ at: 7, connectMs: 12 }),
            ],
        });
        expect(report.endpoints[0]).toMatchObject({
            attempts: 7,
            succeeded: 6,
            failures: { "tls-timeout": 1 },
            slow: 1,
            slowDns: 1,
            repeated: 2,
            synRepeated: 1,
            byHello: { small: { attempts: 6, failed: 0 }, large: { attempts: 1, failed: 1 } },
        });
        expect(report.endpoints[1]).toMatchObject({ attempts: 0, latency: null });
    });

    test("takes a far server's handshake for no repeated SYN", () => {
        const report = summed({ samples: [sample({ connectMs: 1200 }), sample({ connectMs: 1180 })] });
        expect(report.endpoints[0]).toMatchObject({ repeated: 0, synRepeated: 0 });
    });

    test("decides in the order of starts: quick successes do not outrun failures that take their time", () => {
        const successes = Array.from({ length: 100 }, (_, index) => sample({ id: `s${index}`, at: 1 + index / 100 }));
        const failures = [0.1, 0.2].map(at => sample({ at, failure: "tls-timeout" }));
        expect(summed({ samples: [...successes, ...failures] }).stability).toBe("unstable");
        expect(summed({ samples: successes }).stability).toBe("stable");
    });

    test("is inconclusive on a handful of successes", () => {
        expect(summed({ samples: [sample({})] }).stability).toBe("inconclusive");
    });

    test("sums pulls of an image up, with the median time and the last error", () => {
        const pull = { image: "quay.io/a:1", via: "ctr" as const };
        const report = summed({
            pulls: [
                { ...pull, succeeded: true, seconds: 1, error: null },
                { ...pull, succeeded: false, seconds: 9, error: "TLS handshake timeout" },
                { ...pull, succeeded: true, seconds: 3, error: null },
            ],
        });
        expect(report.pulls).toEqual([
            { ...pull, attempts: 3, succeeded: 2, seconds: 2, error: "TLS handshake timeout" },
        ]);
    });

    test("is incomplete with its reason when the run was cut short", () => {
        expect(summed({ incompleteReason: "the connection broke" })).toMatchObject({
            complete: false,
            incompleteReason: "the connection broke",
        });
    });
});

describe("passed", () => {
    const good = node("cp1");
    const first = good.endpoints[0]!;

    test("holds for a stable run", () => {
        expect(passed(good)).toBe(true);
    });

    test("holds for a short run in which nothing failed", () => {
        expect(passed({ ...good, stability: "inconclusive" })).toBe(true);
    });

    test.each([
        { what: "it was cut short", report: { ...good, complete: false } },
        { what: "it is unstable", report: { ...good, stability: "unstable" as const } },
        { what: "an endpoint never answered", report: { ...good, endpoints: [{ ...first, succeeded: 0 }] } },
        { what: "a handshake took seconds", report: { ...good, endpoints: [{ ...first, slow: 1 }] } },
        { what: "an image did not come", report: { ...good, pulls: [{ ...good.pulls[0]!, succeeded: 0 }] } },
        {
            what: "something failed and nothing was decided",
            report: { ...good, stability: "inconclusive" as const, endpoints: [{ ...first, succeeded: 29 }] },
        },
    ])("does not hold when $what", ({ report }) => {
        expect(passed(report)).toBe(false);
    });
});
