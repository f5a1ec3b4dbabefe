import { describe, expect, test } from "vitest";
import { allFailing, atLeast, ENDPOINTS, endpoint, gateway, judged, mtus, node, silent, told } from "./reports.ts";

const stalled = { endpoints: allFailing("tls-timeout") };
const hole = mtus(silent(1380), silent(1380));

describe("a measured black hole", () => {
    test("is none where the host hears of the limit and its connections do not suffer", () => {
        const late = { ...silent(1400), icmpSeen: true };
        expect(judged([gateway(), node("cp1", { pathMtu: mtus(atLeast(1500), late) })]).cause).toBe("none");
        const suffering = node("cp1", { ...stalled, pathMtu: mtus(atLeast(1500), late) });
        expect(judged([gateway(), suffering]).cause).toBe("pmtu-black-hole");
    });

    test("of both directions on every vantage point is beyond the gateway", () => {
        const verdict = judged([
            gateway({ ...stalled, pathMtu: hole }),
            node("cp1", { ...stalled, pathMtu: hole }, 1400),
            node("worker1", { ...stalled, pathMtu: hole }, 1400),
        ]);
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "both",
            scope: "host-and-vms",
            icmpFilteredAt: "beyond",
            pathMtu: { ipv4: 1380, ipv6: 1380 },
        });
        expect(verdict.confidence).toBeGreaterThan(0.9);
    });

    test("names the clamp as what to do, with the MSS of each IP version", () => {
        const verdict = judged([node("cp1", { ...stalled, pathMtu: hole })]);
        expect(verdict.actions).toContainEqual(
            expect.objectContaining({ component: "GatewayPath", argument: "mss.ipv4", value: 1340 }),
        );
        expect(verdict.actions).toContainEqual(
            expect.objectContaining({ component: "GatewayPath", argument: "mss.ipv6", value: 1320 }),
        );
    });

    test("of uploads only spares small hellos", () => {
        const large = ENDPOINTS.map(name => endpoint(name, { succeeded: 15, failures: { "tls-timeout": 15 } }));
        const upload = { endpoints: large, pathMtu: mtus(atLeast(1500), silent(1380)) };
        const verdict = judged([gateway(upload), node("cp1", upload), node("worker1", upload)]);
        expect(verdict).toMatchObject({ cause: "pmtu-black-hole", direction: "upload", icmpFilteredAt: "beyond" });
    });

    test("is of both directions where no download could be measured and small hellos stall too", () => {
        const upload = { download: null, upload: silent(1047) };
        const endpoints = ENDPOINTS.map(name =>
            endpoint(name, {
                succeeded: 0,
                failures: { "tls-timeout": 30 },
                byHello: { small: { attempts: 15, failed: 15 }, large: { attempts: 15, failed: 15 } },
            }),
        );
        const deep = { endpoints, pathMtu: { ipv4: upload, ipv6: upload } };
        expect(judged([gateway(deep), node("cp1", deep)])).toMatchObject({ direction: "both" });
    });

    test("whose ICMP the gateway hears and the VMs do not is filtered at the gateway", () => {
        const upload = { ...stalled, pathMtu: mtus(atLeast(1380, "peer"), silent(1380)) };
        const verdict = judged([
            gateway({ pathMtu: mtus(atLeast(1380, "peer"), told(1380)) }),
            node("cp1", upload),
            node("worker1", upload),
        ]);
        expect(verdict).toMatchObject({
            cause: "pmtu-black-hole",
            direction: "upload",
            scope: "vm-subnet",
            icmpFilteredAt: "gateway",
            pathMtu: { ipv4: 1380, ipv6: 1380 },
        });
    });

    test("of downloads is filtered beyond the gateway even where the gateway drops ICMP too", () => {
        const drop = { table: "inet filter", chain: "forward", hook: "forward", rule: "icmp type 3 drop" };
        const download = { ...stalled, pathMtu: mtus(silent(1380), atLeast(1500)) };
        const verdict = judged([gateway({ ...download, facts: { icmpDropRules: [drop] } }), node("cp1", download)]);
        expect(verdict).toMatchObject({ direction: "download", icmpFilteredAt: "beyond" });
        expect(verdict.advisories[0]).toContain("icmp type 3 drop");
    });

    test("on one of several ECMP paths is a black hole although most connections succeed", () => {
        const some = ENDPOINTS.map(name => endpoint(name, { succeeded: 20, failures: { "tls-timeout": 10 } }));
        const ecmp = silent(1380, [1500, 1380, 1500]);
        const verdict = judged([gateway({ endpoints: some, pathMtu: mtus(ecmp, ecmp) })]);
        expect(verdict).toMatchObject({ cause: "pmtu-black-hole", pathMtu: { ipv4: 1380 } });
        expect(verdict.evidence[0]!.statement).toContain("on 1 of 3 flows");
    });

    test("that only one node sees has the scope of that node", () => {
        const verdict = judged([gateway(), node("cp1"), node("worker1", { ...stalled, pathMtu: hole })]);
        expect(verdict).toMatchObject({ cause: "pmtu-black-hole", scope: "node" });
    });

    test("on one of several paths hits a vantage point too that stalls, though its own flows met none of it", () => {
        const some = ENDPOINTS.map(name => endpoint(name, { succeeded: 24, failures: { "tls-timeout": 6 } }));
        const ecmp = { endpoints: some, pathMtu: mtus(silent(1380, [1500, 1380, 1380]), atLeast(1500)) };
        const missed = { endpoints: some, pathMtu: mtus(atLeast(1500), atLeast(1500)) };
        const verdict = judged([gateway(ecmp), node("cp1", ecmp), node("worker1", missed)]);
        expect(verdict).toMatchObject({ cause: "pmtu-black-hole", scope: "host-and-vms" });
        expect(verdict.evidence.map(({ vantagePoint }) => vantagePoint)).toContain("worker1");
    });

    test("is never none, not even when no connection happened to fail", () => {
        const verdict = judged([gateway({ pathMtu: hole }), node("cp1", { pathMtu: hole })]);
        expect(verdict.cause).toBe("pmtu-black-hole");
    });

    test("that makes handshakes slow instead of failing is a black hole too", () => {
        const slow = { endpoints: ENDPOINTS.map(name => endpoint(name, { slow: 30 })), pathMtu: hole };
        expect(judged([node("cp1", slow)]).cause).toBe("pmtu-black-hole");
    });
});

describe("a suspected black hole", () => {
    const unmeasured = { ipv4: null, ipv6: null };

    test("is concluded from stalls at several endpoints when no path MTU was measured, with less confidence", () => {
        const verdict = judged([node("cp1", { ...stalled, pathMtu: unmeasured })]);
        expect(verdict.cause).toBe("pmtu-black-hole");
        expect(verdict.confidence).toBeLessThan(0.6);
    });

    test("is not concluded where a search walked many flows and all of them carried large packets", () => {
        const whole = { ...atLeast(1500), paths: Array.from({ length: 16 }, () => 1500) };
        const verdict = judged([node("cp1", { ...stalled, pathMtu: mtus(whole, whole) })]);
        expect(verdict.cause).toBe("unknown");
        expect(verdict.ruledOut).toContain("pmtu-black-hole");
    });

    test("takes its direction from the sizes of the hellos that failed", () => {
        const byHello = { small: { attempts: 15, failed: 0 }, large: { attempts: 15, failed: 15 } };
        const large = ENDPOINTS.map(name =>
            endpoint(name, { succeeded: 15, failures: { "tls-timeout": 15 }, byHello }),
        );
        const verdict = judged([node("cp1", { endpoints: large, pathMtu: unmeasured })]);
        expect(verdict.direction).toBe("upload");
    });
});
