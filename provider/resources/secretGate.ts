import { z } from "zod";
import { GateOutcome, GateSettings, WantedSecret } from "../../cluster/secrets/settings.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

/** How a cluster is reached. */
export const ClusterConnection = z.strictObject({
    kubeconfig: z
        .string()
        .min(1)
        .describe("Text of a kubeconfig, also as an output of another resource. It enters the state, as a secret.")
        .meta({ secret: true }),
    context: z.string().min(1).optional().describe("Context of the kubeconfig. Default: its current one."),
});

const inputs = z.strictObject({
    connection: ClusterConnection.describe(
        "The cluster that has the Secrets. A changed connection alone is never an update.",
    ),
    secrets: z.array(WantedSecret).min(1).describe("Secrets that must exist."),
    ...GateSettings.shape,
    triggers: z.array(z.string()).default([]).describe("Values whose change makes the gate check again."),
});

const outputs = z.object({
    passedAt: z.iso.datetime().describe("When all Secrets were found, by the clock of the machine that runs Pulumi."),
    outcomes: z.array(GateOutcome).describe("What was found about each Secret: names of keys, never values."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const secretGate = resourceKind({
    token: "clearpath:cluster:SecretGate",
    description:
        "Waits in `up` until the Secrets that workloads need are generated, and fails when one of them is not. It judges the Secrets alone, not whether their provider answers: a Secret from an earlier sync passes with a warning, and is checked again at the next `up`. A preview does not ask the cluster, and `destroy` removes nothing.",
    idExample: "secret-gate/bootstrap",
    inputs,
    outputs,
    replaceOn: [],
    stale: ({ outputs: { outcomes } }) => (outcomes.some(({ outcome }) => outcome === "stale") ? ["outcomes"] : []),
    async create(context, inputs) {
        return { id: `secret-gate/${context.urn.split("::").at(-1)}`, outputs: await wait(context, inputs) };
    },
    async read(_context, _id, state) {
        // The outcomes were true when the gate passed; the gate checks again when a trigger changes.
        return state;
    },
    update: (context, _id, _olds, news) => wait(context, news),
    async delete() {
        // A gate leaves nothing in the cluster.
    },
});

/** Waits in `up` until the Secrets that workloads need are generated. */
export class SecretGate extends resourceClass(secretGate) {}

async function wait(context: OperationContext, inputs: Inputs): Promise<Outputs> {
    // The Kubernetes client takes half a second to load, which no other resource should wait for.
    const [gate, { ClusterApi }, { kubeconfigOf }] = await Promise.all([
        import("../../cluster/secrets/secretGate.ts"),
        import("../../cluster/api/clusterApi.ts"),
        import("../../cluster/api/kubeconfig.ts"),
    ]);
    const { connection, secrets, sync, fresh, freshSeconds, timeoutSeconds } = inputs;
    const config = kubeconfigOf({ text: connection.kubeconfig, context: connection.context });
    const api = await ClusterApi.open(config, context.signal);
    try {
        const { passed, secrets: outcomes } = await gate.secretGate(
            api,
            secrets,
            { sync, fresh, freshSeconds, timeoutSeconds },
            { signal: context.signal, onProgress: sentence => context.log("info", sentence) },
        );
        for (const { secret, outcome, reason } of outcomes)
            if (outcome !== "failed" && reason !== null)
                context.log(
                    "warning",
                    `${secret} ${outcome === "stale" ? "is not the newest" : "is there"}: ${reason}`,
                );
        if (!passed) throw new Error(refusal(outcomes));
        return { passedAt: new Date().toISOString(), outcomes };
    } finally {
        api.close();
    }
}

function refusal(outcomes: readonly GateOutcome[]): string {
    const failed = outcomes.filter(({ outcome }) => outcome === "failed");
    const reasons = failed.map(({ secret, reason }) => `${secret}: ${reason}`);
    return `${reasons.join("\n")}\nWorkloads that need ${failed.length === 1 ? "it" : "them"} would not start. Correct the cause, then run \`up\` again.`;
}
