import { dependenciesOf, type ResourceState } from "../state/resource.ts";

/**
 * Resources that depend on `root`, directly or not, in dependency order. `resources` is in dependency order too;
 * `ignored` URNs are passed over. With `children`, a resource depends on its parent.
 */
export function dependentsOf(
    resources: readonly ResourceState[],
    root: ResourceState,
    ignored: (urn: string) => boolean,
    children: boolean,
): ResourceState[] {
    const urns = new Set([root.urn]);
    const found: ResourceState[] = [];
    for (const resource of resources.slice(resources.indexOf(root) + 1)) {
        if (ignored(resource.urn)) continue;
        const needs = dependenciesOf(resource);
        if (children && resource.parent !== undefined) needs.add(resource.parent);
        if (![...needs].some(urn => urns.has(urn))) continue;
        urns.add(resource.urn);
        found.push(resource);
    }
    return found;
}

/** Every resource below a component, at any depth. */
function descendantsOf(resources: readonly ResourceState[], urn: string): ResourceState[] {
    return resources
        .filter(resource => resource.parent === urn)
        .flatMap(child => [child, ...descendantsOf(resources, child.urn)]);
}

/** Resources that `resource` needs: provider, parent, dependencies, and of a component it depends on, all inside it. */
export function needsOf(resources: readonly ResourceState[], resource: ResourceState): Set<ResourceState> {
    const urns = dependenciesOf(resource);
    const before = resources.slice(0, resources.indexOf(resource));
    const needs = new Set<ResourceState>();
    for (const candidate of before) {
        if (candidate.urn === resource.parent) needs.add(candidate);
        if (!urns.has(candidate.urn)) continue;
        needs.add(candidate);
        if (candidate.custom) continue;
        for (const child of descendantsOf(before, candidate.urn)) needs.add(child);
    }
    return needs;
}

/**
 * The resources to delete in rounds: all of one round can go at once, and a resource goes only after everything that
 * needs it is gone. What nothing condemned is needed by goes as late as that allows, as with the CLI.
 */
export function deletionRounds(resources: readonly ResourceState[], condemned: Set<ResourceState>): ResourceState[][] {
    const needs = new Map([...condemned].map(resource => [resource, needsOf(resources, resource)]));
    const left = new Set(condemned);
    const rounds: ResourceState[][] = [];
    while (left.size > 0) {
        const last = [...left].filter(resource => ![...needs.get(resource)!].some(need => left.has(need)));
        for (const resource of last) left.delete(resource);
        rounds.unshift(last);
    }
    return rounds;
}
