import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FailureKind, type MeasuredMtu, type VantageReport } from "../../../../network/probe/report.ts";
import { Verdict } from "../../../../network/verdict/index.ts";
import {
    allFailing,
    atLeast,
    ENDPOINTS,
    endpoint,
    endpoints,
    failing,
    gateway,
    judged,
    mtus,
    node,
    silent,
} from "./reports.ts";

/** The same on every vantage point. */
function everywhere(changes: Parameters<typeof gateway>[0]): VantageReport[] {
    return [gateway(changes), node("cp1", changes), node("worker1", changes)];
}

describe("every cause is named from what shows it", () => {
    const quay = (kind: Parameters<typeof failing>[1], count = 30) => ({
        endpoints: endpoints(failing("quay.io", kind, count)),
    });
    const repeated = { endpoints: ENDPOINTS.map(name => endpoint(name, { repeated: 9, synRepeated: 3 })) };
    const segments = { endpoints: ENDPOINTS.map(name => endpoint(name, { repeated: 9 })) };
    const partly = { endpoints: allFailing("connect-timeout", 8) };

    test.each([
        {
            what: "names that do not resolve",
            reports: everywhere({ endpoints: allFailing("dns", 6) }),
            cause: "dns",
            scope: "host-and-vms",
        },
        {
            what: "names that resolve after seconds",
            reports: everywhere({ endpoints: ENDPOINTS.map(name => endpoint(name, { slowDns: 6 })) }),
            cause: "dns",
            scope: "host-and-vms",
        },
        {
            what: "an untrusted certificate of one endpoint",
            reports: everywhere(quay("certificate")),
            cause: "tls-trust",
            scope: "endpoint",
        },
        {
            what: "untrusted certificates of all endpoints for the VMs",
            reports: [gateway(), node("cp1", { endpoints: allFailing("certificate") })],
            cause: "tls-trust",
            scope: "vm-subnet",
        },
        {
            what: "429 from one endpoint",
            reports: everywhere(quay("rate-limit")),
            cause: "rate-limit",
            scope: "endpoint",
        },
        { what: "503 from one endpoint", reports: everywhere(quay("http", 12)), cause: "upstream", scope: "endpoint" },
        {
            what: "one endpoint that is down for everyone",
            reports: everywhere(quay("connect-timeout")),
            cause: "upstream",
            scope: "endpoint",
        },
        {
            what: "one endpoint that refuses everyone",
            reports: everywhere(quay("refused")),
            cause: "upstream",
            scope: "endpoint",
        },
        {
            what: "one endpoint that stalls for everyone",
            reports: everywhere(quay("first-byte-timeout")),
            cause: "upstream",
            scope: "endpoint",
        },
        {
            what: "one endpoint that only VMs cannot reach",
            reports: [gateway(), node("cp1", quay("connect-timeout")), node("worker1", quay("connect-timeout"))],
            cause: "firewall-block",
            scope: "vm-subnet",
        },
        {
            what: "some connections of the VMs unanswered",
            reports: [gateway(), node("cp1", partly), node("worker1", partly)],
            cause: "nat-exhaustion",
            scope: "vm-subnet",
        },
        {
            what: "repeated SYNs and segments on every vantage point",
            reports: everywhere(repeated),
            cause: "packet-loss",
            scope: "host-and-vms",
        },
        {
            what: "segments repeated so often that users see it, though all comes through",
            reports: everywhere(segments),
            cause: "packet-loss",
            scope: "host-and-vms",
        },
        {
            what: "a node at MTU 9000 on a bridge of 1500",
            reports: [gateway(), node("cp1"), node("worker1", {}, 9000)],
            cause: "mtu-mismatch",
            scope: "node",
        },
    ])("$what", ({ reports, cause, scope }) => {
        expect(judged(reports)).toMatchObject({ cause, scope });
    });
});

describe("names that do not resolve while connections repeat packets", () => {
    const broken = (late: number, dns: number) => ({
        endpoints: ENDPOINTS.map(name =>
            endpoint(name, {
                attempts: 30,
                succeeded: 30 - dns,
                failures: { dns },
                repeated: 3 * late,
                synRepeated: late,
            }),
        ),
    });

    test("are lost packets when both happen alike", () => {
        expect(judged(everywhere(broken(4, 10)))).toMatchObject({ cause: "packet-loss", alsoSeen: [] });
    });

    test("are the resolver's fault when they are many times as frequent, and the loss is seen besides", () => {
        const verdict = judged(everywhere(broken(1, 12)));
        expect(verdict.cause).toBe("dns");
        expect(verdict.alsoSeen.map(({ cause }) => cause)).toEqual(["packet-loss"]);
    });
});

test("VMs that their resolver never answers, while it answers the gateway, are shut out from it", () => {
    const nameless = { endpoints: allFailing("dns") };
    expect(judged([gateway(), node("cp1", nameless), node("worker1", nameless)])).toMatchObject({
        cause: "firewall-block",
        scope: "vm-subnet",
        alsoSeen: [],
    });
});

test("one of several paths that carries nothing at all is packet loss, names that do not resolve over it included", () => {
    const half = ENDPOINTS.map(name =>
        endpoint(name, { attempts: 30, succeeded: 10, failures: { dns: 12, "connect-timeout": 8 } }),
    );
    expect(judged(everywhere({ endpoints: half }))).toMatchObject({ cause: "packet-loss", scope: "host-and-vms" });
});

test("a stray failure in a steady network does not hide a mismatch that no connection suffers from", () => {
    const stray = node("cp1", { endpoints: endpoints(failing("quay.io", "dns", 1)), stability: "stable" });
    const verdict = judged([gateway(), stray, node("worker1", {}, 9000)]);
    expect(verdict).toMatchObject({ cause: "mtu-mismatch", scope: "node" });
    expect(verdict.alsoSeen.map(({ cause }) => cause)).toEqual(["dns"]);
});

test("a mismatch that both hosts' facts show is named even where nothing explains what fails, with less confidence", () => {
    const whole = { ...atLeast(1500), paths: Array.from({ length: 16 }, () => 1500) };
    const stalling = { endpoints: allFailing("tls-timeout", 4), pathMtu: mtus(whole, whole) };
    const verdict = judged([gateway(stalling), node("cp1", stalling), node("worker1", stalling, 9000)]);
    expect(verdict).toMatchObject({ cause: "mtu-mismatch", scope: "node" });
    expect(verdict.confidence).toBeLessThan(0.5);
});

describe("a pod whose link is larger than its node's", () => {
    const podMac = "02:00:00:00:42:01";
    const withPods = (measured: MeasuredMtu) => {
        const cp1 = node("cp1", {}, 1400);
        const bridge = { ...cp1.facts.links[0]!, name: "cni0", mtu: 1450, mac: podMac };
        const host = { ...cp1, facts: { ...cp1.facts, links: [...cp1.facts.links, bridge] } };
        const pod = node("cp1/pod", { pathMtu: mtus(measured, measured) }, 1450);
        const route = { ...pod.facts.defaultRoute.ipv4!, gatewayMac: podMac };
        const facts = { ...pod.facts, defaultRoute: { ipv4: route, ipv6: route } };
        return judged([gateway(), host, { ...pod, role: "pod", facts }]);
    };

    test("is a mismatch at the node, though its kernel has learnt what passes", () => {
        const verdict = withPods(atLeast(1400));
        expect(verdict).toMatchObject({ cause: "mtu-mismatch", scope: "node" });
        expect(verdict.actions[0]).toMatchObject({ component: null });
        expect(verdict.actions[0]!.sentence).toContain("Restart K3s on cp1, then recreate its pods");
    });

    test("is none where a clamp keeps all that it agrees on below", () => {
        expect(withPods(atLeast(1380, "peer")).cause).toBe("none");
        expect(withPods(atLeast(1420, "peer")).cause).toBe("mtu-mismatch");
    });
});

describe("a hole on the way to only one of several endpoints", () => {
    const mixed = silent(1400, [1400, 1400, ...Array.from({ length: 16 }, () => 1500)]);
    const stalling = (attempts: number) => ({
        endpoints: ENDPOINTS.map(name =>
            endpoint(
                name,
                name === "quay.io" ? { attempts: 30, succeeded: 24, failures: { "tls-timeout": 6 } } : { attempts },
            ),
        ),
        pathMtu: mtus(mixed, mixed),
    });

    test("has that endpoint for its scope", () => {
        expect(judged(everywhere(stalling(30)))).toMatchObject({ cause: "pmtu-black-hole", scope: "endpoint" });
    });

    test("is everybody's where the others were called too seldom to have met it", () => {
        expect(judged(everywhere(stalling(2)))).toMatchObject({ cause: "pmtu-black-hole", scope: "host-and-vms" });
    });
});

describe("packets between neighbours", () => {
    const lost = [{ address: "10.27.27.11", tried: 9000, passed: 1504 }];
    const whole = [{ address: "10.27.27.21", tried: 1500, passed: 1500 }];
    const unanswered = [{ address: "10.27.27.21", tried: 1500, passed: null }];

    test("that vanish name the mismatch where no gateway tells of its bridge", () => {
        const large = node("worker1", { facts: { neighbours: lost } }, 9000);
        const verdict = judged([node("cp1", { facts: { neighbours: whole } }), large]);
        expect(verdict).toMatchObject({ cause: "mtu-mismatch", scope: "node" });
        expect(verdict.actions[0]).toMatchObject({ component: "NodeMtu", argument: "mtu", value: 1500 });
    });

    test("that vanish are evidence of what the facts of gateway and node show", () => {
        const verdict = judged([gateway(), node("cp1"), node("worker1", { facts: { neighbours: lost } }, 9000)]);
        expect(verdict.evidence.map(({ statement }) => statement)).toContain(
            "packets of 1504 bytes reach 10.27.27.11, and those of 9000 do not",
        );
    });

    test.each([
        { what: "all arrive", neighbours: whole },
        { what: "none is answered, however small", neighbours: unanswered },
        { what: "another neighbour gets the large ones", neighbours: [...whole, ...lost] },
    ])("are no mismatch where $what", ({ neighbours }) => {
        expect(judged([node("cp1"), node("worker1", { facts: { neighbours } })]).cause).toBe("none");
    });
});

describe("none", () => {
    test("is said of a stable network, with the largest packet that passed as path MTU", () => {
        const verdict = judged([gateway(), node("cp1", { pathMtu: mtus(atLeast(1400), atLeast(1400)) }, 1400)]);
        expect(verdict).toMatchObject({ cause: "none", scope: null, direction: null, icmpFilteredAt: "nowhere" });
        expect(verdict.pathMtu).toEqual({ ipv4: 1500, ipv6: 1500 });
    });

    test("is not said while a vantage point could not be probed, however well the others are", () => {
        const verdict = judged([gateway()], ["cp1"]);
        expect(verdict.cause).toBe("unknown");
        expect(verdict.summary).toContain("cp1 could not be probed");
    });

    test("is said behind a clamp, where no larger packet can be tried", () => {
        const clamped = { pathMtu: mtus(atLeast(1380, "peer"), atLeast(1380, "peer")) };
        expect(judged(everywhere(clamped))).toMatchObject({ cause: "none", pathMtu: { ipv4: 1380, ipv6: 1380 } });
    });

    test("keeps a dropped ICMP message behind a clamp as an advisory", () => {
        const drop = { table: "ip filter", chain: "FORWARD", hook: "forward", rule: "icmp type 3 drop" };
        const verdict = judged([gateway({ facts: { icmpDropRules: [drop] } }), node("cp1")]);
        expect(verdict).toMatchObject({ cause: "none", icmpFilteredAt: "gateway" });
        expect(verdict.advisories).toHaveLength(1);
    });

    test("is said with a stray failure that leaves the vantage point stable, which is listed", () => {
        const stray = node("cp1", { endpoints: endpoints(failing("quay.io", "http", 1)), stability: "stable" });
        const verdict = judged([gateway(), stray]);
        expect(verdict.cause).toBe("none");
        expect(verdict.alsoSeen.map(({ cause }) => cause)).toEqual(["upstream"]);
    });

    const pull = { image: "quay.io/a:1", attempts: 1, succeeded: 0, seconds: null, via: "ctr" as const, error: "x" };
    test.each([
        { what: "nothing was reported", reports: [] },
        { what: "a vantage point could not decide", reports: [gateway(), node("cp1", { stability: "inconclusive" })] },
        {
            what: "a run was cut short",
            reports: [gateway(), node("cp1", { complete: false, incompleteReason: "it ended" })],
        },
        { what: "a pull failed", reports: [gateway(), node("cp1", { pulls: [pull] })] },
        { what: "a vantage point is unstable", reports: [gateway(), node("cp1", { stability: "unstable" })] },
        {
            what: "a hole was measured",
            reports: [gateway(), node("cp1", { pathMtu: mtus(atLeast(1500), silent(1499)) })],
        },
    ])("is not said when $what", ({ reports }) => {
        expect(judged(reports).cause).not.toBe("none");
    });
});

describe("a verdict", () => {
    test("puts what explains most first and keeps the rest", () => {
        const both = endpoints(failing("quay.io", "rate-limit", 3), failing("ghcr.io", "certificate", 30));
        const verdict = judged(everywhere({ endpoints: both }));
        expect(verdict.cause).toBe("tls-trust");
        expect(verdict.alsoSeen.map(({ cause }) => cause)).toContain("rate-limit");
    });

    test("is unknown, with what was ruled out, when nothing measured explains the failures", () => {
        const pull = {
            image: "a/b:1",
            attempts: 3,
            succeeded: 0,
            seconds: null,
            via: "ctr" as const,
            error: "no space",
        };
        const verdict = judged([node("cp1", { pulls: [pull] })]);
        expect(verdict.cause).toBe("unknown");
        expect(verdict.ruledOut).toContain("pmtu-black-hole");
    });

    test("names the samples that show it, ten at most", () => {
        const samples = Array.from({ length: 30 }, (_, index) => ({
            id: `s${index}`,
            endpoint: "quay.io",
            at: index,
            totalMs: 10,
            failure: "certificate" as const,
        }));
        const verdict = judged([node("cp1", { endpoints: endpoints(failing("quay.io", "certificate")), samples })]);
        expect(verdict.evidence[0]).toMatchObject({ vantagePoint: "cp1" });
        expect(verdict.evidence[0]!.samples).toHaveLength(10);
    });

    test("is the same from summaries without samples, and fits its schema", () => {
        const reports = everywhere({ endpoints: allFailing("tls-timeout"), pathMtu: mtus(silent(1380), silent(1380)) });
        const summaries = reports.map(({ samples: _, ...summary }) => summary);
        expect(judged(summaries)).toEqual(judged(reports));
        expect(() => Verdict.parse(judged(summaries))).not.toThrow();
    });
});

const anyFailure = fc.record({
    kind: fc.constantFrom(...FailureKind.options),
    name: fc.constantFrom(...ENDPOINTS),
    count: fc.integer({ min: 1, max: 30 }),
    who: fc.constantFrom("pve", "cp1", "worker1"),
});

test("the verdict on an unstable vantage point is never none, and always fits its schema", () => {
    fc.assert(
        fc.property(fc.array(anyFailure, { minLength: 1, maxLength: 6 }), failures => {
            const of = (who: string) => ({
                endpoints: endpoints(
                    ...failures
                        .filter(one => one.who === who)
                        .map(({ name, kind, count }) => failing(name, kind, count)),
                ),
            });
            const verdict = judged([gateway(of("pve")), node("cp1", of("cp1")), node("worker1", of("worker1"))]);
            expect(verdict.cause).not.toBe("none");
            expect(() => Verdict.parse(verdict)).not.toThrow();
        }),
    );
});
