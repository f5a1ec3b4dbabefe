import { type Condition, conditionOf } from "../../api/objects.ts";
import type { FailingSource, Unready } from "../diagnosis.ts";
import { causeOf } from "../failureCause.ts";
import { type FluxObject, type FluxObjects, fluxName, generationBehind, isUntouched, sourcesOf } from "./objects.ts";

/** Kinds whose last artifact serves as well as the next: what they hold is fixed by version. A HelmChart is part of its repository. */
const MAY_BE_CACHED = new Set(["OCIRepository", "HelmRepository", "HelmChart", "Bucket"]);

/** Sources that fail to fetch, with what it means for those that use them. */
export function failingSources({ sources, releases }: FluxObjects): FailingSource[] {
    return sources.flatMap(source => {
        const failure = failureOf(source);
        if (failure === undefined) return [];
        const name = fluxName(source);
        const using = releases.filter(release => !release.spec.suspend && sourcesOf(release).includes(name));
        const dependents = using.map(fluxName);
        const unreadyDependents = using.filter(waitsForSource).map(fluxName);
        const cachedRevision = cachedArtifact(source);
        const message = failure.message ?? "";
        return [
            {
                object: name,
                reason: failure.reason ?? "",
                message,
                since: failure.lastTransitionTime ?? null,
                cause: causeOf(message),
                url: urlOf(source),
                cachedRevision,
                dependents,
                unreadyDependents,
                effect: effectOf(source.kind, cachedRevision, dependents, unreadyDependents),
            },
        ];
    });
}

/** Sources that are being fetched for the first time, or again after a change. */
export function fetchingSources({ sources }: FluxObjects): Unready[] {
    return sources.flatMap(source => {
        if (source.spec.suspend || failureOf(source) !== undefined) return [];
        const ready = conditionOf(source, "Ready");
        const isAtWork = ready?.status === "Unknown" || isUntouched(source);
        if (!isAtWork && generationBehind(source) === undefined) return [];
        return [
            {
                object: fluxName(source),
                reason: ready?.reason ?? "",
                message: isAtWork
                    ? (ready?.message ?? "no controller has looked at it yet")
                    : "its newest generation is not fetched yet",
                since: ready?.lastTransitionTime ?? null,
            },
        ];
    });
}

/** The condition that says why a source fails: `FetchFailed` tells more than `Ready`, where there is both. */
export function failureOf(source: FluxObject): Condition | undefined {
    if (source.spec.suspend || generationBehind(source) !== undefined) return undefined;
    const fetchFailed = conditionOf(source, "FetchFailed");
    if (fetchFailed?.status === "True") return fetchFailed;
    const ready = conditionOf(source, "Ready");
    return ready?.status === "False" ? ready : undefined;
}

/** Whether a release waits for its source, and does not fail by itself (kustomize- and helm-controller, their reasons). */
export function waitsForSource(release: FluxObject): boolean {
    const ready = conditionOf(release, "Ready");
    if (ready === undefined || ready.status === "True") return false;
    return (
        ["SourceNotReady", "ArtifactFailed", "SourceNotFound"].includes(ready.reason ?? "") ||
        /^(?:Source artifact not found|HelmChart '[^']{1,500}' is not ready|Source '[^']{1,500}' not found|could not (?:get|find|load) (?:source|chart|Source))/i.test(
            ready.message ?? "",
        )
    );
}

/** The revision in storage; an artifact of which Flux says that it is not there does not count. */
export function cachedArtifact(source: FluxObject): string | null {
    if (conditionOf(source, "ArtifactInStorage")?.status === "False") return null;
    return source.status?.artifact?.revision ?? null;
}

function effectOf(
    kind: string,
    cachedRevision: string | null,
    dependents: string[],
    unreadyDependents: string[],
): FailingSource["effect"] {
    if (dependents.length === 0) return "unused";
    const isCached = cachedRevision !== null && MAY_BE_CACHED.has(kind);
    return isCached && unreadyDependents.length === 0 ? "acceptable" : "blocks";
}

function urlOf({ spec }: FluxObject): string {
    return withoutCredentials(spec.url ?? (spec.endpoint ? `${spec.endpoint}/${spec.bucketName ?? ""}` : ""));
}

function withoutCredentials(url: string): string {
    return url.replace(/\/\/[^/@]{0,2000}@/, "//");
}
