import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DeployOptions, DeployResult } from "../../../../cli/deploy/deploy.ts";
import { deployWithEvidence } from "../../../../cli/deploy/upEvidence.ts";
import { readEvidence } from "../../../../cli/evidence/file.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import type { VantageReport } from "../../../../network/probe/report.ts";
import { keepReport, noteAsked, REPORTS_VARIABLE } from "../../../../provider/probe/keptReport.ts";
import { ENDPOINTS, endpoint, endpoints, gateway, node } from "../../network/verdict/reports.ts";

/** An engine whose plugin does this in the up. */
const engineWith =
    (inPlugin: () => Promise<void>) =>
    async ({ env }: DeployOptions): Promise<DeployResult> => {
        vi.stubEnv(REPORTS_VARIABLE, env![REPORTS_VARIABLE]!);
        await inPlugin();
        vi.unstubAllEnvs();
        const nothing = { ok: false, steps: [], changes: 0, violations: [], outputs: {}, diagnostics: [] };
        return { ...nothing, engine: "embedded", seconds: 1 };
    };

const options: DeployOptions = { operation: "up", stack: "dev", cwd: "/", engine: "embedded", policyPacks: [] };

function plan(stability: Partial<ProbePlan["stability"]> = {}): ProbePlan {
    return ProbePlan.parse({ endpoints: ENDPOINTS.map(host => ({ host })), stability });
}

async function reports(found: VantageReport[], of: ProbePlan): Promise<void> {
    for (const report of found) {
        await noteAsked({ vantagePoint: report.vantagePoint });
        await keepReport({ plan: of, report }, {});
    }
}

let directory: string;
beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "clearpath-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function evidenceOf(inPlugin: () => Promise<void>) {
    const { write } = await deployWithEvidence(options, engineWith(inPlugin));
    return readEvidence(await write!(directory, undefined));
}

describe("the evidence of an up's probes", () => {
    test("calls a network healthy that every vantage point reported as healthy", async () => {
        const evidence = await evidenceOf(() => reports([gateway(), node("cp1")], plan()));
        expect(evidence).toMatchObject({ verdict: { cause: "none" }, unprobed: [] });
    });

    test("names a host whose probe did not end, and calls nothing healthy without it", async () => {
        const { verdict, unprobed } = await evidenceOf(async () => {
            await reports([gateway()], plan());
            await noteAsked({ vantagePoint: "cp1" });
        });
        expect(verdict.cause).toBe("unknown");
        expect(verdict.summary).toContain("cp1");
        expect(unprobed.map(({ vantagePoint }) => vantagePoint)).toEqual(["cp1"]);
    });

    test("is judged by the threshold of the probes' plan", async () => {
        const twice = endpoints(endpoint("quay.io", { succeeded: 28, failures: { http: 2 } }));
        const found = [gateway(), node("cp1"), node("worker1", { stability: "stable", endpoints: twice })];
        const judgedBy = async (of: ProbePlan) => (await evidenceOf(() => reports(found, of))).verdict.cause;
        expect(await judgedBy(plan())).toBe("none");
        expect(await judgedBy(plan({ stableRate: 0.999 }))).toBe("upstream");
    });
});
