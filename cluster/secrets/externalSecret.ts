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
        target?: {
            name?: string;
            creationPolicy?: string;
            /** Another kind than a Secret, since External Secrets 1.0. */
            manifest?: { apiVersion?: string; kind?: string };
            template?: { data?: Record<string, string>; templateFrom?: unknown[]; mergePolicy?: string };
        };
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

/** The kind that it generates in place of a Secret; undefined for a Secret. */
export function generatedKind({ spec }: ExternalSecret): string | undefined {
    const kind = spec.target?.manifest?.kind;
    if (kind !== undefined && kind !== "Secret") return kind;
    return spec.target?.creationPolicy === "None" ? "nothing" : undefined;
}

/**
 * Keys that the generated Secret must have; none where only the provider knows them. A template with data replaces what
 * the provider gives unless its merge policy is `Merge`; one without data leaves it (External Secrets,
 * pkg/controllers/externalsecret/externalsecret_controller_template.go).
 */
export function keysToExpect({ spec }: ExternalSecret): string[] {
    const template = spec.target?.template;
    const ofTemplate = Object.keys(template?.data ?? {});
    const isReplaced =
        template !== undefined &&
        template.mergePolicy !== "Merge" &&
        (ofTemplate.length > 0 || (template.templateFrom ?? []).length > 0);
    const ofProvider = isReplaced ? [] : (spec.data ?? []).map(({ secretKey }) => secretKey);
    return [...new Set([...ofProvider, ...ofTemplate])];
}

/**
 * Whether a changed annotation makes the controller sync. It does so by comparing a hash of the metadata, which it looks
 * at neither for `CreatedOnce` nor for a refresh interval of 0 once the first sync is done.
 */
export function canBeForced({ spec, status }: ExternalSecret): boolean {
    if (!status?.syncedResourceVersion) return true;
    if (spec.refreshPolicy === "CreatedOnce") return false;
    if (spec.refreshPolicy === "OnChange") return true;
    // Go durations: a zero has no digit but 0, in any unit; absent means an hour.
    return spec.refreshInterval === undefined || /[1-9]/.test(spec.refreshInterval);
}

export function isBootstrap({ metadata }: ExternalSecret): boolean {
    return metadata.annotations?.[BOOTSTRAP] === "true" || metadata.labels?.[BOOTSTRAP] === "true";
}
