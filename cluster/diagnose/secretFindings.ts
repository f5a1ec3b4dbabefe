import type { ClusterApi } from "../api/clusterApi.ts";
import { type Condition, conditionOf, type Metadata } from "../api/objects.ts";
import { servedKinds } from "../api/servedKinds.ts";
import { EXTERNAL_SECRETS, type ExternalSecret, generatedSecretName, keysToExpect } from "../secrets/externalSecret.ts";
import { generatedSecret, lackOf } from "../secrets/generatedSecret.ts";
import type { SecretFinding } from "./diagnosis.ts";

interface Store {
    metadata: Metadata;
    spec: { provider?: Record<string, unknown> };
    status?: { conditions?: Condition[] };
}

/**
 * What does not sync: ExternalSecrets by whether workloads can start with the Secret that is there, and stores, which
 * block nothing by themselves.
 */
export async function secretFindings(api: ClusterApi): Promise<SecretFinding[]> {
    const kinds = await servedKinds(api, EXTERNAL_SECRETS);
    const found: SecretFinding[] = [];
    const externalSecrets = kinds.get("ExternalSecret");
    if (externalSecrets)
        for await (const one of api.list<ExternalSecret>(externalSecrets.listPath)) {
            const finding = await externalSecretFinding(api, one);
            if (finding) found.push(finding);
        }
    for (const kind of ["ClusterSecretStore", "SecretStore"]) {
        const served = kinds.get(kind);
        if (served === undefined) continue;
        for await (const store of api.list<Store>(served.listPath)) found.push(...storeFinding(kind, store));
    }
    const order = ["blocks", "stale", "store"];
    return found.sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
}

async function externalSecretFinding(api: ClusterApi, one: ExternalSecret): Promise<SecretFinding | undefined> {
    const ready = conditionOf(one, "Ready");
    if (ready?.status === "True") return undefined;
    const namespace = one.metadata.namespace!;
    const secretName = generatedSecretName(one);
    const secret = await generatedSecret(api, namespace, secretName);
    const lack = lackOf(secret, keysToExpect(one));
    const message = ready?.message ?? "The controller has not looked at it yet.";
    return {
        object: `ExternalSecret/${namespace}/${one.metadata.name}`,
        reason: ready?.reason ?? "",
        message: `${lack ? `Its Secret ${secretName} ${lack}.` : `Its Secret ${secretName} is there, synced ${one.status?.refreshTime ?? "at an unknown time"}.`} ${secret?.conceal(message) ?? message}`,
        since: ready?.lastTransitionTime ?? null,
        effect: lack === undefined ? "stale" : "blocks",
    };
}

function storeFinding(kind: string, store: Store): SecretFinding[] {
    const ready = conditionOf(store, "Ready");
    if (ready === undefined || ready.status === "True") return [];
    const provider = Object.keys(store.spec.provider ?? {})[0] ?? "unknown";
    const { namespace, name } = store.metadata;
    return [
        {
            object: [kind, namespace, name].filter(Boolean).join("/"),
            reason: ready.reason ?? "",
            message: `Its provider (${provider}) does not validate: ${ready.message ?? "no message"}`,
            since: ready.lastTransitionTime ?? null,
            effect: "store",
        },
    ];
}
