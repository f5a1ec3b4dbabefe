import { setTimeout as delay } from "node:timers/promises";
import { ApiFailure } from "../api/apiFailure.ts";
import type { ClusterApi } from "../api/clusterApi.ts";
import { conditionOf } from "../api/objects.ts";
import { type ServedKind, servedKinds } from "../api/servedKinds.ts";
import {
    canBeForced,
    EXTERNAL_SECRETS,
    type ExternalSecret,
    generatedKind,
    generatedSecretName,
    isBootstrap,
    keysToExpect,
} from "./externalSecret.ts";
import { forceSync, type SyncRequest, wasSynced } from "./forceSync.ts";
import { type GeneratedSecret, generatedSecret, lackOf } from "./generatedSecret.ts";
import { controllersReason } from "./reason.ts";
import type { GateOutcome, GateSettings, WantedSecret } from "./settings.ts";

export interface GateResult {
    /** False when a Secret is missing or lacks a required key; a stale one passes. */
    passed: boolean;
    secrets: GateOutcome[];
}

export interface GateOptions {
    onProgress?: (sentence: string) => void;
    signal?: AbortSignal;
}

const POLL_MS = 1000;

/** The secrets that carry the bootstrap mark, as label or annotation of their ExternalSecret. */
export async function bootstrapSecrets(api: ClusterApi): Promise<WantedSecret[]> {
    const externalSecrets = (await servedKinds(api, EXTERNAL_SECRETS)).get("ExternalSecret");
    const wanted: WantedSecret[] = [];
    if (externalSecrets === undefined) return wanted;
    for await (const one of api.list<ExternalSecret>(externalSecrets.listPath))
        if (isBootstrap(one)) wanted.push({ namespace: one.metadata.namespace!, name: one.metadata.name, keys: [] });
    return wanted;
}

/**
 * Waits until the Secrets that workloads start with are there. It judges the generated Secrets and never whether a
 * provider answers: a Secret from an earlier sync passes, with a reason why it is not newer.
 */
export async function secretGate(
    api: ClusterApi,
    wanted: readonly WantedSecret[],
    settings: GateSettings,
    options: GateOptions = {},
): Promise<GateResult> {
    const secrets = await Promise.all(wanted.map(one => waitFor(api, one, settings, options)));
    return { passed: secrets.every(({ outcome }) => outcome !== "failed"), secrets };
}

async function waitFor(
    api: ClusterApi,
    wanted: WantedSecret,
    settings: GateSettings,
    { onProgress = () => {}, signal }: GateOptions,
): Promise<GateOutcome> {
    const startedAt = performance.now();
    let request: SyncRequest | undefined;
    /** Why no sync could be asked for; the gate judges Secrets, and a webhook that does not answer is no reason to fail. */
    let refusal: string | undefined;
    let told = "";
    const tell = (sentence: string) => {
        if (sentence !== told) onProgress(`${wanted.namespace}/${wanted.name}: ${sentence}`);
        told = sentence;
    };
    for (;;) {
        signal?.throwIfAborted();
        // Asked in every round: a cluster that is being built may not serve the kinds yet.
        const kinds = await servedKinds(api, EXTERNAL_SECRETS);
        const state = await stateOf(api, wanted, kinds.get("ExternalSecret"));
        if (settings.sync && request === undefined && state.externalSecret) {
            const parents = kinds.get("ClusterExternalSecret");
            try {
                request = await forceSync(api, state.externalSecret, kinds.get("ExternalSecret")!, parents);
                refusal = undefined;
                tell("sync requested");
            } catch (error) {
                refusal = refusalIn(error);
                tell(refusal);
            }
        }
        const seconds = (performance.now() - startedAt) / 1000;
        const outcome = outcomeNow(state, request, refusal, settings, seconds);
        if (outcome !== undefined) {
            const found = await outcomeOf(api, state, outcome, refusal);
            tell(found.reason === null ? outcome : `${outcome}: ${found.reason}`);
            return found;
        }
        tell(waitingFor(state));
        await delay(POLL_MS, undefined, { signal });
    }
}

/** Why the API server did not take the request for a sync. Throws what concerns the connection or the login. */
function refusalIn(error: unknown): string {
    if (!(error instanceof ApiFailure) || error.status === 0 || error.status === 401) throw error;
    return `no sync could be asked for: ${error.message}`;
}

/** What is known of one Secret at one moment. */
interface State {
    externalSecret: ExternalSecret | undefined;
    /** `namespace/name`. */
    name: string;
    secret: GeneratedSecret | undefined;
    /** `Secret`, or the other kind that the ExternalSecret generates. */
    kind: string;
    /** What keeps workloads from starting with it. */
    lack: string | undefined;
}

async function stateOf(
    api: ClusterApi,
    { namespace, name, keys }: WantedSecret,
    externalSecrets: ServedKind | undefined,
): Promise<State> {
    const externalSecret = externalSecrets && (await findExternalSecret(api, externalSecrets, namespace, name));
    const secretName = externalSecret ? generatedSecretName(externalSecret) : name;
    const kind = externalSecret && generatedKind(externalSecret);
    if (externalSecret !== undefined && kind !== undefined) {
        const wasNeverSynced = kind !== "nothing" && !externalSecret.status?.refreshTime;
        const lack = wasNeverSynced ? "was never synced" : undefined;
        return { externalSecret, name: `${namespace}/${secretName}`, secret: undefined, kind, lack };
    }
    const secret = await generatedSecret(api, namespace, secretName);
    const expected = keys.length > 0 || externalSecret === undefined ? keys : keysToExpect(externalSecret);
    return {
        externalSecret,
        name: `${namespace}/${secretName}`,
        secret,
        kind: "Secret",
        lack: lackOf(secret, expected),
    };
}

/** By its own name, or else by that of the Secret that it generates. */
async function findExternalSecret(
    api: ClusterApi,
    kind: ServedKind,
    namespace: string,
    name: string,
): Promise<ExternalSecret | undefined> {
    const named = await api.find<ExternalSecret>(kind.objectPath({ namespace, name }));
    if (named !== undefined) return named;
    const ofNamespace = kind.objectPath({ namespace, name: "" }).replace(/\/$/, "");
    for await (const one of api.list<ExternalSecret>(ofNamespace)) if (generatedSecretName(one) === name) return one;
    return undefined;
}

/** What can be said now; undefined while waiting may still help. */
function outcomeNow(
    { externalSecret, lack }: State,
    request: SyncRequest | undefined,
    refusal: string | undefined,
    { fresh, freshSeconds, timeoutSeconds }: GateSettings,
    seconds: number,
): GateOutcome["outcome"] | undefined {
    if (lack !== undefined) return seconds < timeoutSeconds ? undefined : "failed";
    if (externalSecret === undefined) return "present";
    if (request !== undefined && wasSynced(externalSecret, request)) return "fresh";
    if (fresh && (request ?? refusal) !== undefined && canBeForced(externalSecret))
        return seconds < Math.min(freshSeconds, timeoutSeconds) ? undefined : "stale";
    return conditionOf(externalSecret, "Ready")?.status === "True" ? "present" : "stale";
}

function waitingFor({ externalSecret, name, kind, lack }: State): string {
    if (lack === undefined) return "waiting for a newer sync";
    return externalSecret === undefined ? "there is no such ExternalSecret yet" : `the ${kind} ${name} ${lack} yet`;
}

async function outcomeOf(
    api: ClusterApi,
    state: State,
    outcome: GateOutcome["outcome"],
    refusal: string | undefined,
): Promise<GateOutcome> {
    const { externalSecret, name, secret } = state;
    const isGood = outcome === "fresh" || outcome === "present";
    const reasons = [...(isGood ? [] : [await reasonOf(api, state)]), ...(refusal === undefined ? [] : [refusal])];
    const reason = reasons.length > 0 ? reasons.join("; ") : null;
    return {
        secret: name,
        externalSecret: externalSecret ? `${externalSecret.metadata.namespace}/${externalSecret.metadata.name}` : null,
        outcome,
        keys: secret?.keys ?? [],
        refreshedAt: externalSecret?.status?.refreshTime ?? null,
        reason: reason && secret ? secret.conceal(reason) : reason,
    };
}

async function reasonOf(api: ClusterApi, { externalSecret, name, kind, lack }: State): Promise<string> {
    const what = lack === undefined ? "it is from an earlier sync" : `the ${kind} ${name} ${lack}`;
    if (externalSecret === undefined) return `${what}, and no ExternalSecret makes it. Apply one, or correct the name.`;
    return `${what}. ExternalSecret ${externalSecret.metadata.name}: ${await controllersReason(api, externalSecret)}`;
}
