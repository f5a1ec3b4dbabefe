import { ApiFailure } from "../api/apiFailure.ts";
import type { ClusterApi } from "../api/clusterApi.ts";
import { type Condition, conditionOf, type KubeEvent, type Metadata, occurrences } from "../api/objects.ts";
import { type ServedKind, servedKinds } from "../api/servedKinds.ts";
import {
    EXTERNAL_SECRETS,
    type ExternalSecret,
    generatedKind,
    generatedSecretName,
    keysToExpect,
} from "../secrets/externalSecret.ts";
import { type GeneratedSecret, generatedSecret, lackOf } from "../secrets/generatedSecret.ts";
import type { SecretFinding } from "./diagnosis.ts";
import { causeOf, isOfNetwork } from "./failureCause.ts";
import type { LookedAt } from "./lookedAt.ts";

interface Store {
    metadata: Metadata;
    spec: { provider?: Record<string, unknown> };
    status?: { conditions?: Condition[] };
}

const STORES = ["ClusterSecretStore", "SecretStore"];

/**
 * What does not sync: ExternalSecrets by whether workloads can start with the Secret that is there, and stores, which
 * block nothing by themselves.
 */
export async function secretFindings(api: ClusterApi, lookedAt: LookedAt): Promise<SecretFinding[]> {
    const kinds = await servedKinds(api, EXTERNAL_SECRETS);
    const warnings = await lookedAt.at("Events of External Secrets", new Map<string, string>(), () =>
        lastWarnings(api),
    );
    const found: SecretFinding[] = [];
    for (const one of await listed<ExternalSecret>(api, kinds.get("ExternalSecret"), lookedAt)) {
        const warning = warnings.get(`ExternalSecret/${one.metadata.namespace}/${one.metadata.name}`);
        const finding = await externalSecretFinding(api, one, warning, lookedAt);
        if (finding) found.push(finding);
    }
    for (const kind of STORES)
        for (const store of await listed<Store>(api, kinds.get(kind), lookedAt)) {
            const { namespace, name } = store.metadata;
            const object = [kind, namespace, name].filter(Boolean).join("/");
            found.push(...storeFinding(object, store, warnings.get(object)));
        }
    const order: SecretFinding["effect"][] = ["blocks", "unknown", "stale", "store"];
    return found.sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
}

async function listed<T>(api: ClusterApi, kind: ServedKind | undefined, lookedAt: LookedAt): Promise<T[]> {
    if (kind === undefined) return [];
    return await lookedAt.at<T[]>(`${kind.kind} objects`, [], async () => {
        const found: T[] = [];
        for await (const one of api.list<T>(kind.listPath)) found.push(one);
        return found;
    });
}

/**
 * The last warning of each object of External Secrets, by `Kind/namespace/name`: conditions say only that it failed, and
 * the reason is in the event.
 */
async function lastWarnings(api: ClusterApi): Promise<Map<string, string>> {
    const last = new Map<string, { seen: string; message: string }>();
    for (const kind of ["ExternalSecret", ...STORES])
        for await (const event of api.list<KubeEvent>("/api/v1/events", {
            fieldSelector: `involvedObject.kind=${kind},type=Warning`,
        })) {
            const { namespace, name } = event.involvedObject;
            const isOfCluster = kind === "ClusterSecretStore";
            const object = [kind, isOfCluster ? undefined : namespace, name].filter(Boolean).join("/");
            const seen = occurrences(event).lastSeen ?? "";
            if ((last.get(object)?.seen ?? "") <= seen)
                last.set(object, { seen, message: (event.message ?? "").slice(0, 4096) });
        }
    return new Map([...last].map(([object, { message }]) => [object, message]));
}

async function externalSecretFinding(
    api: ClusterApi,
    one: ExternalSecret,
    warning: string | undefined,
    lookedAt: LookedAt,
): Promise<SecretFinding | undefined> {
    const ready = conditionOf(one, "Ready");
    if (ready?.status === "True") return undefined;
    const said = ready?.message ?? "The controller has not looked at it yet.";
    const cause = warning === undefined ? null : causeOf(warning);
    const why = warning === undefined || warning === said ? said : `${said}; last event: ${warning}`;
    const finding = (effect: SecretFinding["effect"], state: string, secret?: GeneratedSecret): SecretFinding => ({
        object: `ExternalSecret/${one.metadata.namespace}/${one.metadata.name}`,
        reason: ready?.reason ?? "",
        message: `${state} ${secret?.conceal(why) ?? why}`,
        since: ready?.lastTransitionTime ?? null,
        effect,
        cause,
    });
    const syncedAt = one.status?.refreshTime;
    const kind = generatedKind(one);
    if (kind !== undefined)
        return finding(
            syncedAt || kind === "nothing" ? "stale" : "blocks",
            kind === "nothing"
                ? "It generates no object."
                : `It generates a ${kind}, ${syncedAt ? `synced ${syncedAt}` : "which was never synced"}.`,
        );
    const name = generatedSecretName(one);
    const secret = await readable(() => generatedSecret(api, one.metadata.namespace!, name));
    if (secret === "forbidden") {
        lookedAt.skip("Generated Secrets: the user of the kubeconfig's context may not read all of them (403)");
        return finding("unknown", `Its Secret ${name} may not be read, so nobody can say whether workloads can start.`);
    }
    const lack = lackOf(secret, keysToExpect(one));
    if (lack !== undefined) return finding("blocks", `Its Secret ${name} ${lack}.`, secret);
    return finding("stale", `Its Secret ${name} is there, synced ${syncedAt ?? "at an unknown time"}.`, secret);
}

async function readable<T>(look: () => Promise<T>): Promise<T | "forbidden"> {
    try {
        return await look();
    } catch (error) {
        if (error instanceof ApiFailure && error.status === 403) return "forbidden";
        throw error;
    }
}

function storeFinding(object: string, store: Store, warning: string | undefined): SecretFinding[] {
    const ready = conditionOf(store, "Ready");
    if (ready === undefined || ready.status === "True") return [];
    const provider = Object.keys(store.spec.provider ?? {})[0] ?? "unknown";
    const said = ready.message ?? "no message";
    const cause = causeOf(warning ?? said);
    return [
        {
            object,
            reason: ready.reason ?? "",
            message: `Its provider (${provider}) does not validate: ${said}${warning && warning !== said ? `; last event: ${warning}` : ""}`,
            since: ready.lastTransitionTime ?? null,
            effect: "store",
            cause: cause === "other" ? null : cause,
        },
    ];
}

/** Those that say that the network did not carry the request to the provider. */
export function failedByNetwork(secrets: readonly SecretFinding[]): SecretFinding[] {
    return secrets.filter(({ cause }) => cause !== null && isOfNetwork(cause));
}
