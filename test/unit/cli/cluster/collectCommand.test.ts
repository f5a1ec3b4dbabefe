import { describe, expect, test } from "vitest";
import { verdictOnPods } from "../../../../cli/cluster/collectCommand.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import { ENDPOINTS, endpoint, endpoints, gateway, node } from "../../network/verdict/reports.ts";

const endpointsOfPlan = ENDPOINTS.map(host => ({ host }));
const plan = ProbePlan.parse({ endpoints: endpointsOfPlan });

describe("the verdict on collected reports", () => {
    test("is judged by the threshold of the plan that the pods ran", () => {
        const twice = endpoints(endpoint("quay.io", { succeeded: 28, failures: { http: 2 } }));
        const reports = [gateway(), node("cp1"), node("worker1", { stability: "stable", endpoints: twice })];
        const strict = ProbePlan.parse({ endpoints: endpointsOfPlan, stability: { stableRate: 0.999 } });
        expect(verdictOnPods({ plan, reports, unprobed: [] }).cause).toBe("none");
        expect(verdictOnPods({ plan: strict, reports, unprobed: [] }).cause).toBe("upstream");
    });

    test("is not `none` where a pod has no report", () => {
        const unprobed = [{ vantagePoint: "probe-x2 on worker1", reason: "It has finished no run." }];
        expect(verdictOnPods({ plan, reports: [gateway()], unprobed }).cause).toBe("unknown");
    });
});
