import type { Stage } from "../stage.ts";

/** What the running cluster has to show at the end. */
export const gates: Stage = {
    name: "gates",
    title: "Gates: generated secrets, and nothing that blocks",
    intent: ({ plan: { plan } }) =>
        plan.gates.kubeconfig
            ? `asks the cluster of ${plan.gates.kubeconfig}`
            : "nothing: the plan has no gates.kubeconfig",
    async run() {
        return { outcome: "skipped", summary: "The plan has no gates.kubeconfig." };
    },
};
