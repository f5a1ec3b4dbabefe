/** What the state says of a resource whose creation an earlier run began: `inputs` without the outputs they would have. */
export interface Creation {
    type: string;
    inputs: Record<string, unknown>;
}

/**
 * The id that a creation would have given, for types whose plugin takes a resource without outputs as one that was never
 * finished, and finds out by itself what is there; undefined for others.
 */
export type IdOfCreation = (creation: Creation) => string | undefined;

interface StoredResource {
    urn: string;
    custom: boolean;
    id?: string | undefined;
    delete?: boolean;
    pendingReplacement?: boolean;
}

interface Stored<Resource, Operation> {
    resources: Resource[];
    pending: Operation[];
}

/**
 * Puts creations that an earlier run never finished among the resources, without outputs, as far as `idOf` knows an id
 * for them; the others stay pending. A resource that one of them was to replace is already deleted, and is left out.
 */
export function withUnfinished<Resource extends StoredResource, Operation extends { type: string; resource: Resource }>(
    { resources, pending }: Stored<Resource, Operation>,
    idOf: (resource: Resource) => string | undefined,
): Stored<Resource, Operation> {
    const living = new Set(resources.filter(one => !one.delete && !one.pendingReplacement).map(({ urn }) => urn));
    const taken = new Map<Operation, Resource>();
    for (const operation of pending) {
        const { type, resource } = operation;
        const id = type === "creating" && resource.custom && !living.has(resource.urn) ? idOf(resource) : undefined;
        if (id !== undefined) taken.set(operation, { ...resource, id });
    }
    const made = new Set([...taken.values()].map(({ urn }) => urn));
    return {
        resources: [...resources.filter(one => !(one.pendingReplacement && made.has(one.urn))), ...taken.values()],
        pending: pending.filter(operation => !taken.has(operation)),
    };
}
