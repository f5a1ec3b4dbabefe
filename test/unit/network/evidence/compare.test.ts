import { describe, expect, test } from "vitest";
import type { Change } from "../../../../network/evidence/change.ts";
import { compareEvidence } from "../../../../network/evidence/compare.ts";
import type { EvidenceFile } from "../../../../network/evidence/evidenceFile.ts";
import type { Sample, VantageReport } from "../../../../network/probe/report.ts";
import { connections, recorded, runWith } from "../../cli/evidence/runs.ts";
import { atLeast, gateway, mtus, node, silent, told } from "../verdict/reports.ts";

const judgements = (changes: Change[], kind: Change["kind"]) =>
    changes.filter(change => change.kind === kind).map(({ judgement }) => judgement);

const probed = (samples: Sample[], changes: Partial<VantageReport> = {}) =>
    runWith([{ ...gateway(), samples, ...changes }]);

describe("the black hole that was fixed", () => {
    test("got better and nothing got worse: verdict, connections, pulls, every path", async () => {
        const { changes, worse, notes } = compareEvidence(await recorded("before"), await recorded("after"));
        expect(worse).toBe(0);
        expect(judgements(changes, "verdict")).toEqual(["better"]);
        expect(judgements(changes, "path-mtu")).toEqual(Array(12).fill("better"));
        for (const kind of ["connections", "pulls"] as const) {
            const wholes = changes.filter(change => change.kind === kind && change.subject === null);
            expect(wholes.map(({ judgement }) => judgement)).toEqual(["better", "better", "better"]);
        }
        expect(notes).toEqual([expect.stringContaining("pve, cp1, worker1")]);
    });

    test("got worse the other way round", async () => {
        const { changes, better } = compareEvidence(await recorded("after"), await recorded("before"));
        expect(better).toBe(0);
        expect(judgements(changes, "verdict")).toEqual(["worse"]);
        expect(judgements(changes, "path-mtu")).toEqual(Array(12).fill("worse"));
    });

    test("is the same as itself", async () => {
        const after = await recorded("after");
        const { changes, better, worse } = compareEvidence(after, after);
        expect({ better, worse }).toEqual({ better: 0, worse: 0 });
        expect(new Set(changes.map(({ judgement }) => judgement))).toEqual(new Set(["same"]));
    });
});

describe("success rates", () => {
    const whole = (before: number, after: number, count = 100) =>
        compareEvidence(
            probed(connections("ghcr.io", count, before)),
            probed(connections("ghcr.io", count, after)),
        ).changes.find(change => change.kind === "connections" && change.subject === null)!.judgement;

    test("are worse when surely more fails", () => expect(whole(0, 30)).toBe("worse"));
    test("are better when surely less fails", () => expect(whole(30, 0)).toBe("better"));
    test("are the same when chance explains the difference", () => expect(whole(2, 5)).toBe("same"));
    test("are the same when so few were tried that nothing could be told", () => expect(whole(0, 2, 2)).toBe("same"));

    test("of a run that was cut short, which lacks the last failures, do not count in its favour", () => {
        const cut = { complete: false, incompleteReason: "stopped." };
        const [bad, good] = [connections("ghcr.io", 100, 40), connections("ghcr.io", 100)];
        const ofConnections = (before: EvidenceFile, after: EvidenceFile) =>
            new Set(judgements(compareEvidence(before, after).changes, "connections"));
        expect(ofConnections(probed(bad), probed(good, cut))).not.toContain("better");
        expect(ofConnections(probed(good, cut), probed(bad))).not.toContain("worse");
        expect(ofConnections(probed(good), probed(bad, cut))).toContain("worse");
    });

    test("count a handshake that took too long as a failure", () => {
        const late = probed(connections("ghcr.io", 50, 0, () => 6000));
        const { changes } = compareEvidence(probed(connections("ghcr.io", 50)), late);
        expect(judgements(changes, "connections")).toContain("worse");
    });

    test("find one broken endpoint among many good ones", () => {
        const names = ["ghcr.io", "registry-1.docker.io", "quay.io", "api.doppler.com"];
        const run = (failed: number) =>
            probed(names.flatMap(name => connections(name, 30, name === "quay.io" ? failed : 0)));
        const { changes } = compareEvidence(run(0), run(30));
        const worse = changes.filter(change => change.kind === "connections" && change.judgement === "worse");
        expect(worse.map(change => "subject" in change && change.subject)).toEqual([null, "quay.io"]);
    });
});

describe("times", () => {
    const tls = (before: (index: number) => number, after: (index: number) => number) => {
        const run = (ms: (index: number) => number) => probed(connections("ghcr.io", 60, 0, ms));
        const { changes } = compareEvidence(run(before), run(after));
        return changes.find(change => change.kind === "latency" && change.phase === "tls")!.judgement;
    };
    const spread = (middle: number) => (index: number) => middle + (index % 10);

    test("are worse when surely and much slower", () => expect(tls(spread(40), spread(240))).toBe("worse"));
    test("are better when surely and much faster", () => expect(tls(spread(240), spread(40))).toBe("better"));
    test("are the same when surely slower by too little to matter", () =>
        expect(tls(spread(40), spread(50))).toBe("same"));

    test("are not judged where another share of connections came through", () => {
        const before = probed(connections("ghcr.io", 60, 40, spread(40)));
        const after = probed(connections("ghcr.io", 60, 0, spread(240)));
        const { changes, notes } = compareEvidence(before, after);
        expect(judgements(changes, "latency")).not.toContain("worse");
        expect(judgements(changes, "latency")).toContain("different");
        expect(notes).toEqual([expect.stringContaining("not judged")]);
    });
});

describe("path MTU", () => {
    test.each([
        ["a hole that opened", atLeast(1500), silent(1380), "worse"],
        ["a hole that closed", silent(1380), told(1380), "better"],
        ["a path that carries less", told(1400), told(1380), "worse"],
        ["a path that carries more", told(1380), told(1400), "better"],
        ["a clamp that hides what the path carries", told(1400), atLeast(1380, "peer"), "different"],
        ["a host's link made smaller", atLeast(1500), atLeast(1400), "different"],
        ["nothing", told(1380), told(1380), "same"],
    ] as const)("is for %s judged %4$s", (_, before, after, judgement) => {
        const run = (mtu: typeof before) => runWith([gateway({ pathMtu: mtus(mtu, mtu) })]);
        const { changes } = compareEvidence(run(before), run(after));
        expect(judgements(changes, "path-mtu")).toEqual(Array(4).fill(judgement));
    });
});

describe("what cannot be compared", () => {
    test("is named: hosts and endpoints of one run only, other settings, runs cut short", () => {
        const before = runWith([gateway(), node("cp1")]);
        const after = runWith([gateway({ complete: false, incompleteReason: "the host went away." })]);
        after.plan = { ...after.plan, rounds: 99, endpoints: after.plan.endpoints.slice(1) };
        const notes = compareEvidence(before, after).notes.join("\n");
        expect(notes).toContain("cp1 was probed before only.");
        expect(notes).toContain("ghcr.io was called before only.");
        expect(notes).toContain("rounds was 20 and is 99");
        expect(notes).toContain(
            "pve's run after was cut short, so the last failures may be missing: the host went away.",
        );
    });

    test("counts as worse when a host can no longer be probed", () => {
        const unprobed = [{ vantagePoint: "cp1", reason: "cp1: no answer on port 22." }];
        const { changes, worse } = compareEvidence(
            runWith([gateway(), node("cp1")]),
            runWith([gateway()], { unprobed }),
        );
        expect(judgements(changes, "vantage-point")).toEqual(["worse"]);
        expect(worse).toBe(1);
    });

    test("is suspected when the files came in the wrong order", () => {
        const later = runWith(undefined, { startedAt: "2027-01-01T00:00:00.000Z" });
        expect(compareEvidence(later, runWith()).notes).toEqual([expect.stringContaining("the older one")]);
    });
});

test("equal runs are called different in few comparisons, however many tests each makes", () => {
    const random = seeded(20260101);
    const names = ["ghcr.io", "quay.io", "registry.k8s.io"];
    const draw = () =>
        probed(
            names.flatMap(name =>
                connections(name, 24, 0, () => 30 * Math.exp(2 * random())).map(sample =>
                    random() < 0.3 ? { ...sample, failure: "tls-timeout" as const, tlsMs: undefined } : sample,
                ),
            ),
        );
    const wrong = Array.from({ length: 100 }, () => compareEvidence(draw(), draw())).filter(
        ({ better, worse }) => better + worse > 0,
    );
    expect(wrong.length).toBeLessThanOrEqual(5);
});

/** Mulberry32: a run that failed can be repeated. */
function seeded(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}
