import { type Condition, conditionOf } from "../../api/objects.ts";
import type { FailingSource } from "../diagnosis.ts";
import { causeOf } from "../failureCause.ts";
import { type FluxObject, type FluxObjects, fluxName, sourcesOf } from "./objects.ts";

/** Kinds whose last artifact serves as well as the next: what they hold is fixed by version. A HelmChart is part of its repository. */
const MAY_BE_CACHED = new Set(["OCIRepository", "HelmRepository", "HelmChart", "Bucket"]);

/** Sources that fail to fetch, with what it means for those that use them. */
export function failingSources({ sources, releases }: FluxObjects): FailingSource[] {
    const unready = new Set(releases.filter(release => !isReady(release)).map(fluxName));
    return sources.flatMap(source => {
        const failure = failureOf(source);
        if (failure === undefined) return [];
        const name = fluxName(source);
        const dependents = releases.filter(release => sourcesOf(release).includes(name)).map(fluxName);
        const unreadyDependents = dependents.filter(dependent => unready.has(dependent));
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

/** The condition that says why a source fails: `FetchFailed` tells more than `Ready`, where there is both. */
function failureOf(source: FluxObject): Condition | undefined {
    const fetchFailed = conditionOf(source, "FetchFailed");
    if (fetchFailed?.status === "True") return fetchFailed;
    const ready = conditionOf(source, "Ready");
    return ready?.status === "False" ? ready : undefined;
}

function isReady(release: FluxObject): boolean {
    return conditionOf(release, "Ready")?.status === "True";
}

/** The revision in storage; an artifact of which Flux says that it is not there does not count. */
function cachedArtifact(source: FluxObject): string | null {
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
    return url.replace(/\/\/[^/@]*@/, "//");
}
