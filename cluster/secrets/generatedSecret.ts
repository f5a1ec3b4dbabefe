import type { ClusterApi } from "../api/clusterApi.ts";

/** What of a Secret is looked at: its values are measured where they arrive, and never shown. */
export interface GeneratedSecret {
    keys: string[];
    emptyKeys: string[];
    /** The text without any value of the Secret, should somebody have put one into an error. */
    conceal(text: string): string;
}

/** Shorter values are words that any text may hold. */
const SHORTEST_CONCEALED = 4;

/** The keys of a Secret, or undefined when there is none. */
export async function generatedSecret(
    api: ClusterApi,
    namespace: string,
    name: string,
): Promise<GeneratedSecret | undefined> {
    const secret = await api.find<{ data?: Record<string, string> | null }>(
        `/api/v1/namespaces/${namespace}/secrets/${name}`,
    );
    if (secret === undefined) return undefined;
    const entries = Object.entries(secret.data ?? {});
    const values = entries
        .flatMap(([, encoded]) => [encoded, Buffer.from(encoded, "base64").toString().trim()])
        .filter(value => value.length >= SHORTEST_CONCEALED);
    return {
        keys: entries.map(([key]) => key),
        emptyKeys: entries.filter(([, value]) => value === "").map(([key]) => key),
        conceal: text => values.reduce((left, value) => left.replaceAll(value, "[value]"), text),
    };
}

/** What the Secret lacks, as a sentence's end; undefined when workloads can start with it. */
export function lackOf(secret: GeneratedSecret | undefined, expected: readonly string[]): string | undefined {
    if (secret === undefined) return "does not exist";
    if (secret.keys.length === 0) return "has no keys";
    const missing = expected.filter(key => !secret.keys.includes(key));
    if (missing.length > 0) return `lacks ${missing.join(", ")}`;
    const empty = secret.emptyKeys.filter(key => expected.length === 0 || expected.includes(key));
    return empty.length > 0 ? `has nothing in ${empty.join(", ")}` : undefined;
}
