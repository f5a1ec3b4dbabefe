import { conditionOf } from "../../api/objects.ts";
import { CAUSE_IN_WORDS, causeOf, isOfNetwork } from "../failureCause.ts";
import {
    type FluxObject,
    type FluxObjects,
    fluxName,
    generationBehind,
    isUntouched,
    SOURCE_KINDS,
    sourcesOf,
} from "./objects.ts";
import { cachedArtifact, failureOf, waitsForSource } from "./sources.ts";

/** Where one release is, and what it waits for. */
export interface Standing {
    state: "ready" | "stalled" | "progressing";
    /** What it waits for, as half sentences; empty where its own message is the reason. */
    waits: string[];
}

const GRACE_MS = 2 * 60_000;
/** Longer chains of dependencies exist in no repository; the bound keeps the recursion short. */
const LONGEST_CHAIN = 100;

/** Judges releases with what they wait for: what waits only for something still at work is still at work itself. */
export class Standings {
    readonly #objects: FluxObjects;
    readonly #brokenControllers: readonly string[];
    readonly #releases: Map<string, FluxObject>;
    readonly #sources: Map<string, FluxObject>;
    readonly #known = new Map<string, Standing>();
    readonly #now: number;

    /** `brokenControllers`: names of pods of Flux's controllers that do not run. */
    constructor(objects: FluxObjects, brokenControllers: readonly string[], now = Date.now()) {
        this.#objects = objects;
        this.#brokenControllers = brokenControllers;
        this.#releases = new Map(objects.releases.map(one => [fluxName(one), one]));
        this.#sources = new Map(objects.sources.map(one => [fluxName(one), one]));
        this.#now = now;
    }

    of(release: FluxObject, path: readonly string[] = []): Standing {
        const name = fluxName(release);
        const known = this.#known.get(name);
        if (known !== undefined) return known;
        if (path.length > LONGEST_CHAIN) return { state: "stalled", waits: [] };
        const standing = this.#judged(release, [...path, name]);
        this.#known.set(name, standing);
        return standing;
    }

    /** Whether no controller has looked at the object although it had the time to. */
    isForgotten(object: FluxObject): boolean {
        if (object.spec.suspend || !isUntouched(object)) return false;
        if (this.#brokenControllers.some(pod => pod.includes(controllerOf(object.kind)))) return true;
        const all = [...this.#objects.sources, ...this.#objects.releases];
        const isNew = this.#now - Date.parse(object.metadata.creationTimestamp ?? "") < GRACE_MS;
        return !isNew && all.every(isUntouched);
    }

    #judged(release: FluxObject, path: readonly string[]): Standing {
        if (this.isForgotten(release)) return { state: "stalled", waits: ["no controller of Flux has looked at it"] };
        const ready = conditionOf(release, "Ready");
        const behind = generationBehind(release);
        if (behind !== undefined)
            return {
                state: "progressing",
                waits: [`its generation ${release.metadata.generation} is not reconciled yet; ${behind} was the last`],
            };
        if (ready?.status === "True") return { state: "ready", waits: [] };
        if (ready?.status !== "False") return { state: "progressing", waits: [] };
        if (waitsForSource(release)) {
            const cause = causeOf(ready.message ?? "");
            const isDownload = isOfNetwork(cause) && /download|fetch|get /i.test(ready.message ?? "");
            return isDownload
                ? {
                      state: "stalled",
                      waits: [
                          `the artifact of its source cannot be downloaded within the cluster (${CAUSE_IN_WORDS[cause]}): check the pod network between its controller and source-controller`,
                      ],
                  }
                : this.#waitForSources(release);
        }
        const dependencies = waitsForDependency(ready.reason, ready.message)
            ? dependenciesOf(release)
            : namedReleases(ready.message ?? "", fluxName(release));
        if (dependencies.length === 0) return { state: "stalled", waits: [] };
        return this.#waitFor(dependencies, waitsForDependency(ready.reason, ready.message), path);
    }

    #waitFor(names: readonly string[], areDependencies: boolean, path: readonly string[]): Standing {
        const found = names.map((name): Standing => {
            if (path.includes(name))
                return {
                    state: "stalled",
                    waits: [`waits in a circle: ${[...path.slice(path.indexOf(name)), name].join(" → ")}`],
                };
            const release = this.#releases.get(name);
            if (release === undefined)
                return this.#objects.hidden.has(name.split("/")[0]!)
                    ? { state: "stalled", waits: [`waits for ${name}, which may not be read`] }
                    : { state: "stalled", waits: [`waits for ${name}, which does not exist`] };
            if (release.spec.suspend && conditionOf(release, "Ready")?.status !== "True")
                return { state: "stalled", waits: [`waits for ${name}, which is suspended and not Ready: resume it`] };
            const { state, waits } = this.of(release, path);
            if (state === "ready") return { state, waits: [] };
            const circle = waits.filter(text => text.startsWith("waits in a circle"));
            return { state, waits: [`waits for ${name}`, ...circle] };
        });
        const open = found.filter(({ state }) => state !== "ready");
        // Its dependencies have become Ready since it looked: its next try comes within half a minute.
        if (open.length === 0) return { state: areDependencies ? "progressing" : "stalled", waits: [] };
        const isStalled = open.some(({ state }) => state === "stalled");
        return {
            state: isStalled ? "stalled" : "progressing",
            waits: [...new Set(open.flatMap(({ waits }) => waits))],
        };
    }

    #waitForSources(release: FluxObject): Standing {
        const found = sourcesOf(release).map((name): Standing => {
            const source = this.#sources.get(name);
            const kind = name.split("/")[0]!;
            if (source === undefined) {
                // A HelmChart is made by the HelmRelease's controller, which may not have come to it yet.
                if (kind === "HelmChart") return { state: "progressing", waits: [] };
                const why =
                    SOURCE_KINDS.includes(kind) && !this.#objects.hidden.has(kind)
                        ? "does not exist"
                        : "was not looked at";
                return { state: "stalled", waits: [`its source ${name} ${why}`] };
            }
            if (source.spec.suspend && cachedArtifact(source) === null)
                return {
                    state: "stalled",
                    waits: [`its source ${name} is suspended and has nothing in storage: resume it`],
                };
            if (this.isForgotten(source))
                return { state: "stalled", waits: [`its source ${name} was not looked at by any controller of Flux`] };
            if (failureOf(source) !== undefined) return { state: "stalled", waits: [`its source ${name} fails`] };
            return {
                state: "progressing",
                waits: conditionOf(source, "Ready")?.status === "True" ? [] : [`waits for its source ${name}`],
            };
        });
        const isStalled = found.length === 0 || found.some(({ state }) => state === "stalled");
        return {
            state: isStalled ? "stalled" : "progressing",
            waits: [...new Set(found.flatMap(({ waits }) => waits))],
        };
    }
}

function waitsForDependency(reason = "", message = ""): boolean {
    return reason === "DependencyNotReady" || /^dependenc(?:y|ies) /i.test(message);
}

function dependenciesOf({ kind, metadata, spec, status }: FluxObject): string[] {
    const message = conditionOf({ status }, "Ready")?.message ?? "";
    const named = /^dependency '([^'/]{1,253})\/([^']{1,253})'/.exec(message);
    const dependencies = spec.dependsOn ?? (named ? [{ namespace: named[1], name: named[2]! }] : []);
    return dependencies.map(({ namespace, name }) => `${kind}/${namespace ?? metadata.namespace}/${name}`);
}

/** Flux objects that a failed health check waited for; none where it waited for something else as well. */
function namedReleases(message: string, self: string): string[] {
    const waited = /timeout waiting for: \[([^\]]{1,8000})\]/.exec(message.slice(0, 10_000))?.[1];
    if (waited === undefined) return [];
    const names = waited.split(/,\s*/).map(one => one.split(/\s/)[0]!.replace(/[:']+$/, ""));
    const isFlux = names.every(name => /^(?:Kustomization|HelmRelease)\/[^/]+\/[^/]+$/.test(name));
    return isFlux ? names.filter(name => name !== self) : [];
}

function controllerOf(kind: string): string {
    if (kind === "Kustomization") return "kustomize-controller";
    return kind === "HelmRelease" ? "helm-controller" : "source-controller";
}
