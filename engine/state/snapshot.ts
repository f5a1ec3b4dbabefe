import { formatReference, parseReference } from "../protocol/urn.ts";
import { dependenciesOf, type PendingOperation, type ResourceState } from "./resource.ts";

/** Puts every resource after those it cannot exist without, and otherwise keeps the order. */
function inDependencyOrder(resources: ResourceState[]): ResourceState[] {
    const byUrn = new Map<string, ResourceState>();
    for (const resource of resources) {
        const known = byUrn.get(resource.urn);
        if (known === undefined || known.delete) byUrn.set(resource.urn, resource);
    }
    const ordered = new Set<ResourceState>();
    const visiting = new Set<ResourceState>();
    const place = (resource: ResourceState) => {
        if (ordered.has(resource) || visiting.has(resource)) return;
        visiting.add(resource);
        const needs = dependenciesOf(resource);
        if (resource.parent !== undefined) needs.add(resource.parent);
        for (const urn of needs) {
            const needed = byUrn.get(urn);
            if (needed !== undefined) place(needed);
        }
        ordered.add(resource);
    };
    resources.forEach(place);
    return [...ordered];
}

/**
 * The state of the stack as a run goes on: the resources it started with, less those it dealt with, plus what it made
 * of them. Whoever changes it calls `write`, which the run binds to the state file.
 */
export class Snapshot {
    #base: ResourceState[];
    readonly #made: ResourceState[] = [];
    readonly #done = new Set<ResourceState>();
    readonly #pending = new Set<PendingOperation>();
    /** Creations that an earlier run never finished: only a person can tell what became of them. */
    #openCreations: PendingOperation[];
    /** New URN by old one, for resources that were renamed while others still name them by the old. */
    readonly #renamed = new Map<string, string>();

    /** Of the operations that an earlier run never finished, creations are kept: no read can tell what became of them. */
    constructor(resources: ResourceState[], pendingOperations: PendingOperation[]) {
        this.#base = resources;
        this.#openCreations = pendingOperations.filter(operation => operation.type === "creating");
    }

    /** The resources the run started with, or what a refresh made of them. */
    get base(): readonly ResourceState[] {
        return this.#base;
    }

    /** Takes the resources a refresh found as what the run starts with. */
    rebase(resources: ResourceState[]): void {
        this.#base = resources;
    }

    begin(resource: ResourceState, type: PendingOperation["type"]): PendingOperation {
        const operation: PendingOperation = { resource, type };
        this.#pending.add(operation);
        return operation;
    }

    end(operation: PendingOperation): void {
        this.#pending.delete(operation);
    }

    /** Keeps a creation as one that was never finished: whoever could tell how it ended is gone. */
    leaveOpen(operation: PendingOperation): void {
        this.created(operation.resource.urn);
        this.#openCreations.push(operation);
    }

    /** Adds what a step made; `old` is what it made it of. */
    put(made: ResourceState, old: ResourceState | undefined): void {
        this.#made.push(made);
        if (old === undefined) return;
        this.#done.add(old);
        this.rename(old.urn, made.urn);
    }

    /** Forgets that an earlier run never finished to create what this run has created. */
    created(urn: string): void {
        this.#openCreations = this.#openCreations.filter(({ resource }) => resource.urn !== urn);
    }

    rename(oldUrn: string, urn: string): void {
        if (oldUrn !== urn) this.#renamed.set(oldUrn, urn);
    }

    remove(resource: ResourceState): void {
        this.#done.add(resource);
    }

    #withNewNames(resource: ResourceState): ResourceState {
        if (this.#renamed.size === 0) return resource;
        const rename = (urn: string) => this.#renamed.get(urn) ?? urn;
        const provider = resource.provider === undefined ? undefined : parseReference(resource.provider);
        return {
            ...resource,
            parent: resource.parent && rename(resource.parent),
            provider: provider && formatReference({ ...provider, urn: rename(provider.urn) }),
            dependencies: resource.dependencies.map(rename),
            propertyDependencies: Object.fromEntries(
                Object.entries(resource.propertyDependencies).map(([key, urns]) => [key, urns.map(rename)]),
            ),
        };
    }

    /** The resources as the state should have them now, each after those it depends on. */
    resources(): ResourceState[] {
        const made = this.#made.filter(resource => !this.#done.has(resource));
        const left = this.#base.filter(resource => !this.#done.has(resource));
        return inDependencyOrder([...made, ...left].map(resource => this.#withNewNames(resource)));
    }

    pendingOperations(): PendingOperation[] {
        return [...this.#openCreations, ...this.#pending];
    }
}
