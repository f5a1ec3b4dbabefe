import { join, resolve } from "node:path";
import type { ClusterApi } from "../../../cluster/api/clusterApi.ts";
import { diagnose } from "../../../cluster/diagnose/diagnose.ts";
import type { Diagnosis } from "../../../cluster/diagnose/diagnosis.ts";
import { diagnosisMarkdown } from "../../../cluster/diagnose/markdown.ts";
import { diagnosisText } from "../../../cluster/diagnose/text.ts";
import { type GateResult, secretGate } from "../../../cluster/secrets/secretGate.ts";
import { hostAsker } from "../../cluster/askHost.ts";
import { withCluster } from "../../cluster/withCluster.ts";
import { writeWhole } from "../../evidence/file.ts";
import { targetsOfStack } from "../../probe/targets.ts";
import type { Stage, StageContext, StageResult } from "../stage.ts";

/** The conditions that the running cluster must meet at the end. */
export const gates: Stage = {
    name: "gates",
    title: "Check the gates: generated Secrets are there, and nothing blocks",
    intent({ plan: { plan } }) {
        const { kubeconfig, secrets, timeoutMinutes } = plan.gates;
        if (kubeconfig === undefined) return "does nothing: the plan has no `gates.kubeconfig`";
        const names = secrets.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
        const waits = names ? `waits up to ${timeoutMinutes} minutes for ${names}, then ` : "";
        return `${waits}diagnoses the cluster of ${kubeconfig}`;
    },
    async run(context) {
        const { kubeconfig, context: cluster } = context.plan.plan.gates;
        if (kubeconfig === undefined) return { outcome: "skipped", summary: "The plan has no `gates.kubeconfig`." };
        const source = { kubeconfig: resolve(context.plan.directory, kubeconfig), context: cluster };
        return withCluster(source, api => judged(context, api), context.signal);
    },
};

async function judged(context: StageContext, api: ClusterApi): Promise<StageResult> {
    const secrets = await waitForSecrets(context, api);
    const diagnosis = await diagnosed(context, api);
    const kept = [
        ...(secrets ? [await keep(context, "generated secrets", "secrets.json", json(secrets))] : []),
        await keep(context, "diagnosis", "md", diagnosisMarkdown(diagnosis)),
        await keep(context, "diagnosis, as JSON", "json", json(diagnosis)),
    ];
    const missing = secrets?.secrets.filter(({ outcome }) => outcome === "failed") ?? [];
    const stale = secrets?.secrets.filter(({ outcome }) => outcome === "stale") ?? [];
    const held = { diagnose: !diagnosis.blocking, secrets: secrets?.passed ?? null };
    const summary = [
        ...(missing.length > 0
            ? [`${missing.length} of ${secrets!.secrets.length} Secrets were not generated in time.`]
            : []),
        ...(secrets?.passed ? [`${secrets.secrets.length} generated Secrets are there.`] : []),
        diagnosis.conclusion.sentence,
    ].join(" ");
    return {
        outcome: missing.length > 0 || diagnosis.blocking ? "failed" : "done",
        summary,
        notes: [
            ...[...missing, ...stale].map(({ secret, outcome, reason }) => `${secret}: ${outcome}: ${reason}`),
            ...(diagnosis.blocking ? [diagnosisText(diagnosis).trimEnd()] : []),
        ],
        kept,
        gates: held,
    };
}

async function waitForSecrets({ plan, say, signal }: StageContext, api: ClusterApi): Promise<GateResult | undefined> {
    const { secrets, timeoutMinutes } = plan.plan.gates;
    if (secrets.length === 0) return undefined;
    const settings = { sync: true, fresh: false, freshSeconds: 0, timeoutSeconds: timeoutMinutes * 60 };
    return secretGate(api, secrets, settings, { onProgress: say, signal });
}

/** Nodes whose pulls fail are asked for their network by SSH, as the stack reaches them. */
async function diagnosed({ stack, cwd, plan }: StageContext, api: ClusterApi): Promise<Diagnosis> {
    const asker = hostAsker((await targetsOfStack(stack, cwd)).hosts);
    try {
        return await diagnose(api, { askHost: asker.ask, secrets: plan.plan.gates.secrets.length > 0 });
    } finally {
        asker.close();
    }
}

async function keep(context: StageContext, title: string, extension: string, text: string) {
    const file = context.fileName(extension);
    await writeWhole(join(context.directory, file), text);
    return { title, file };
}

function json(value: unknown): string {
    return `${JSON.stringify(value, null, 2)}\n`;
}
