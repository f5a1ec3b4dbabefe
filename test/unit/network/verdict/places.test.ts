import { describe, expect, test } from "vitest";
import type { EndpointResult, Place, PullResult } from "../../../../network/probe/report.ts";
import { allFailing, endpoint, endpoints, failing, gateway, judged, node } from "./reports.ts";

function place(host: string, family: Place["family"], unconnected: number, attempts = 10): Place {
    return { host, family, attempts, failures: unconnected === 0 ? {} : { "connect-timeout": unconnected } };
}

/** An endpoint whose attempts are known by place. */
function called(name: string, ...byPlace: Place[]): EndpointResult {
    const failed = byPlace.reduce((sum, { failures }) => sum + (failures["connect-timeout"] ?? 0), 0);
    const attempts = byPlace.reduce((sum, here) => sum + here.attempts, 0);
    const failures = failed === 0 ? {} : { "connect-timeout": failed };
    return endpoint(name, { attempts, succeeded: attempts - failed, failures, byPlace });
}

const well = (name: string) => called(name, place(name, "ipv4", 0), place(name, "ipv6", 0));

describe("attempts told apart by host and IP version", () => {
    test("show a firewall that shuts one IP version of one registry to VMs", () => {
        const shut = {
            endpoints: endpoints(called("quay.io", place("quay.io", "ipv4", 10), place("quay.io", "ipv6", 0))),
        };
        const verdict = judged([
            gateway({ endpoints: endpoints(well("quay.io")) }),
            node("cp1", shut),
            node("worker1", shut),
        ]);
        expect(verdict).toMatchObject({ cause: "firewall-block", scope: "vm-subnet" });
        expect(verdict.summary).toContain("quay.io (IPv4)");
    });

    test("show a token service that is down for every vantage point and every endpoint that sends clients there", () => {
        const hub = called(
            "registry-1.docker.io",
            place("registry-1.docker.io", "ipv4", 0),
            place("auth.docker.io", "ipv4", 3, 3),
        );
        const same = { endpoints: endpoints(hub) };
        const verdict = judged([gateway(same), node("cp1", same)]);
        expect(verdict).toMatchObject({ cause: "upstream", scope: "endpoint" });
        expect(verdict.actions[0]!.sentence).toContain("auth.docker.io");
    });

    test("show an IP version in which nothing answers anybody", () => {
        const dead = {
            endpoints: ["ghcr.io", "quay.io"].map(name =>
                called(name, place(name, "ipv4", 0), place(name, "ipv6", 10)),
            ),
        };
        expect(judged([gateway(dead), node("cp1", dead)])).toMatchObject({
            cause: "firewall-block",
            scope: "host-and-vms",
        });
    });
});

describe("a gateway whose conntrack refuses connections", () => {
    const conntrack = { count: 40, max: 262_144, refused: 300 };

    test("explains VMs that get no answer, be it to connections or to queries", () => {
        const some = { endpoints: allFailing("dns", 12) };
        const verdict = judged([gateway({ facts: { conntrack } }), node("cp1", some), node("worker1", some)]);
        expect(verdict).toMatchObject({ cause: "nat-exhaustion", scope: "vm-subnet" });
        expect(verdict.evidence[0]).toMatchObject({ vantagePoint: "pve" });
    });

    test("does not explain a resolver that fails the gateway too, without any refusal", () => {
        const some = { endpoints: allFailing("dns", 12) };
        const quiet = gateway({ ...some, facts: { conntrack: { ...conntrack, refused: 0 } } });
        expect(judged([quiet, node("cp1", some)])).toMatchObject({ cause: "dns", scope: "host-and-vms" });
    });
});

describe("pulls that fail where small requests succeed", () => {
    const pull = (error: string): PullResult => ({
        image: "quay.io/a/b:1",
        attempts: 1,
        succeeded: 0,
        seconds: null,
        via: "ctr",
        error,
    });

    test.each([
        ["unexpected status code https://quay.io/v2/a/b/blobs/sha256:50342900: 502 Bad Gateway", "upstream"],
        ["tls: failed to verify certificate: x509: certificate signed by unknown authority", "tls-trust"],
        ["unexpected status: 429 Too Many Requests", "rate-limit"],
        ["dial tcp: lookup quay.io on 192.0.2.53:53: read udp 10.27.27.11: i/o timeout", "dns"],
    ] as const)("are named by the runtime's words: %s", (error, cause) => {
        const same = { pulls: [pull(error)] };
        expect(judged([gateway(same), node("cp1", same)])).toMatchObject({ cause, scope: "endpoint" });
    });

    test("stay unknown when its words name nothing", () => {
        const same = { pulls: [pull("no end after 12 s")] };
        expect(judged([gateway(same), node("cp1", same)]).cause).toBe("unknown");
    });

    test("are not put down to a stray failure of another endpoint", () => {
        const stray = { pulls: [pull("502 Bad Gateway")], endpoints: endpoints(failing("ghcr.io", "dns", 1)) };
        expect(judged([gateway({ pulls: [pull("502 Bad Gateway")] }), node("cp1", stray)]).cause).toBe("upstream");
    });
});

test("an endpoint that answers everyone slowly is no fault, and an advisory", () => {
    const slow = { endpoints: endpoints(endpoint("quay.io", { latency: { median: 1600, p95: 1700, p99: 1800 } })) };
    const verdict = judged([gateway(slow), node("cp1", slow)]);
    expect(verdict.cause).toBe("none");
    expect(verdict.advisories).toEqual([
        expect.stringContaining("quay.io answers every vantage point, and slowly: 1600 ms"),
    ]);
});
