import type { Condition, Metadata } from "../api/objects.ts";

/** API group of External Secrets. */
export const EXTERNAL_SECRETS = "external-secrets.io";

/** Its value's change makes the controller sync at once (External Secrets, apis/externalsecrets/v1: AnnotationForceSync). */
export const FORCE_SYNC = "external-secrets.io/force-sync";

/** Marks what a cluster needs at its first start, as label or annotation. */
export const BOOTSTRAP = "clearpath/bootstrap";

/** What is read of an ExternalSecret. */
export interface ExternalSecret {
    metadata: Metadata;
    spec: {
        refreshInterval?: string;
        refreshPolicy?: "Periodic" | "OnChange" | "CreatedOnce";
        target?: { name?: string; template?: { data?: Record<string, string>; mergePolicy?: string } };
        data?: { secretKey: string }[];
        dataFrom?: unknown[];
    };
    status?: {
        refreshTime?: string | null;
        syncedResourceVersion?: string;
        conditions?: Condition[];
    };
}

/** Name of the Secret that it generates, in its own namespace. */
export function generatedSecretName({ metadata, spec }: ExternalSecret): string {
    return spec.target?.name || metadata.name;
}

/** Keys that the generated Secret must have; none where only the provider knows them. */
export function keysToExpect({ spec }: ExternalSecret): string[] {
    const template = spec.target?.template;
    if (template?.data) return Object.keys(template.data);
    if (template || spec.dataFrom?.length) return [];
    return (spec.data ?? []).map(({ secretKey }) => secretKey);
}

/**
 * Whether a changed annotation makes the controller sync. It does so by comparing a hash of the metadata, which it looks
 * at neither for `CreatedOnce` nor for a refresh interval of 0 once the first sync is done.
 */
export function canBeForced({ spec, status }: ExternalSecret): boolean {
    if (!status?.syncedResourceVersion) return true;
    if (spec.refreshPolicy === "CreatedOnce") return false;
    if (spec.refreshPolicy === "OnChange") return true;
    // Go durations: zero is whatever has no digit but 0; absent means an hour.
    return spec.refreshInterval === undefined || /[1-9]/.test(spec.refreshInterval);
}

export function isBootstrap({ metadata }: ExternalSecret): boolean {
    return metadata.annotations?.[BOOTSTRAP] === "true" || metadata.labels?.[BOOTSTRAP] === "true";
}
