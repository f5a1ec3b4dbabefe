import { describe, expect, it, test } from "vitest";
import { apiReachable, noTlsTimeouts, probesFresh, pullsSucceed } from "../../../policy/probes.ts";
import { egress, judgeStack, linkMtu, nftTable } from "./stackOf.ts";

const afterApply = { preview: false };
const good = [egress("pve", "gateway"), egress("cp1", "server"), egress("worker1", "agent")];

describe.each([probesFresh, noTlsTimeouts, pullsSucceed, apiReachable])("$name", policy => {
    it("allows probes that found nothing wrong", async () => {
        const { violations } = await judgeStack(policy, [linkMtu(1400), ...good], afterApply);
        expect(violations).toEqual([]);
    });

    it("judges no preview, whose probes are those of before the change", async () => {
        const failed = egress("cp1", "server", (report, props) => {
            props.ranAt = "2020-01-01T00:00:00Z";
            report.endpoints = report.endpoints.map(result => ({
                ...result,
                succeeded: 0,
                failures: { "tls-timeout": 12 },
            }));
            report.pulls = [];
        });
        const { violations, unjudged } = await judgeStack(policy, [linkMtu(1400), failed], { preview: true });
        expect(violations).toEqual([]);
        expect(unjudged).toBe("The probes run with the update and are judged after it.");
        expect((await judgeStack(policy, [linkMtu(1400), failed], afterApply)).violations).toHaveLength(1);
    });
});

describe("probes-fresh", () => {
    it("refuses a probe from before the last change", async () => {
        const later = nftTable("", { appliedAt: "2025-01-01T00:02:00Z" });
        const { violations } = await judgeStack(probesFresh, [linkMtu(1400), later, good[1]!], afterApply);
        expect(violations).toEqual([
            {
                urn: "probe-cp1",
                message:
                    "probe-cp1 ran at 2025-01-01T00:01:00Z, before path-pve changed the network at 2025-01-01T00:02:00Z. Its result may be out of date. Run `up` without --target, and give the probe's triggers the appliedAt of path-pve.",
            },
        ]);
    });

    it("refuses changes that no probe proves", async () => {
        const { violations } = await judgeStack(probesFresh, [linkMtu(1400)], afterApply);
        expect(violations[0]?.message).toContain("no probe proves that it still works");
    });

    it("refuses a probe that was cut short", async () => {
        const cut = egress("cp1", "server", report => {
            report.complete = false;
            report.incompleteReason = "The budget of 60 s was used up.";
        });
        const { violations } = await judgeStack(probesFresh, [cut], afterApply);
        expect(violations[0]?.message).toContain("was cut short: The budget of 60 s was used up.");
    });
});

describe("no-tls-timeouts", () => {
    const hit = (kind: "timeout" | "slow", count: number) =>
        egress("cp1", "server", report => {
            const [first] = report.endpoints;
            if (kind === "slow") first!.slow = count;
            else first!.failures = { "tls-timeout": count };
        });

    test.each([["timeout"], ["slow"]] as const)("refuses a %s and counts it by endpoint", async kind => {
        const { violations } = await judgeStack(noTlsTimeouts, [hit(kind, 3), good[0]!], afterApply);
        expect(violations.map(({ urn }) => urn)).toEqual(["probe-cp1"]);
        expect(violations[0]?.message).toContain("From cp1 TLS handshakes timed out or took seconds: ghcr.io 3 of 12.");
    });

    it("allows as many as its configuration says", async () => {
        const config = { maximum: 3 };
        expect((await judgeStack(noTlsTimeouts, [hit("slow", 3)], { ...afterApply, config })).violations).toEqual([]);
        expect((await judgeStack(noTlsTimeouts, [hit("slow", 4)], { ...afterApply, config })).violations).toHaveLength(
            1,
        );
    });
});

describe("pulls-succeed", () => {
    const failing = (name: string, role: "server" | "agent") =>
        egress(name, role, report => {
            report.pulls = report.pulls.map(pull => ({ ...pull, succeeded: 0, error: "TLS handshake timeout" }));
        });

    it("refuses a server that could not pull", async () => {
        const { violations } = await judgeStack(pullsSucceed, [failing("cp1", "server"), good[2]!], afterApply);
        expect(violations.map(({ message }) => message)).toEqual([
            "cp1 could not pull registry.k8s.io/pause:3.10 (TLS handshake timeout). Its pods will not start. Every server must pull every image: read the error, remove its cause, and run `up` again.",
        ]);
    });

    it("allows one agent to fail while another pulls", async () => {
        const specs = [good[1]!, good[2]!, failing("worker2", "agent")];
        expect((await judgeStack(pullsSucceed, specs, afterApply)).violations).toEqual([]);
        const both = await judgeStack(pullsSucceed, specs, { ...afterApply, config: { agents: 2 } });
        expect(both.violations.map(({ urn }) => urn)).toEqual(["probe-worker2"]);
    });

    it("refuses a cluster none of whose agents pulls", async () => {
        const specs = [good[1]!, failing("worker1", "agent")];
        expect((await judgeStack(pullsSucceed, specs, afterApply)).violations.map(({ urn }) => urn)).toEqual([
            "probe-worker1",
        ]);
    });

    it("does not take an image that was never tried for one that came", async () => {
        const untried = egress("cp1", "server", report => {
            report.pulls = [];
        });
        const { violations } = await judgeStack(pullsSucceed, [untried], afterApply);
        expect(violations[0]?.message).toContain("cp1 did not try to pull registry.k8s.io/pause:3.10");
    });

    it("does not ask the gateway, which runs no pods", async () => {
        const gateway = egress("pve", "gateway", report => {
            report.pulls = [];
        });
        expect((await judgeStack(pullsSucceed, [gateway, good[1]!], afterApply)).violations).toEqual([]);
    });
});

describe("api-reachable", () => {
    const answered = (succeeded: number) =>
        egress("cp1", "server", report => {
            report.endpoints = report.endpoints.map(result =>
                result.endpoint === "api.doppler.com"
                    ? { ...result, succeeded, failures: { "connect-timeout": 12 - succeeded } }
                    : result,
            );
        });

    it("refuses a node that does not reach the API often enough", async () => {
        const { violations } = await judgeStack(apiReachable, [answered(10)], afterApply);
        expect(violations.map(({ message }) => message)).toEqual([
            "cp1 reached api.doppler.com in 10 of 12 calls (connect-timeout 2). Secrets from there go stale, and pods that wait for them do not start. At least 90 of 100 calls must succeed: see the stack's verdict for the cause.",
        ]);
    });

    it("takes the rate from its configuration", async () => {
        const config = { successRate: 0.8 };
        expect((await judgeStack(apiReachable, [answered(10)], { ...afterApply, config })).violations).toEqual([]);
    });

    it("does not take an API that was never called for one that answers", async () => {
        const silent = egress("cp1", "server", report => {
            report.endpoints = [];
        });
        expect((await judgeStack(apiReachable, [silent], afterApply)).violations[0]?.message).toContain(
            "in 0 of 0 calls",
        );
    });
});
