import { type Diff, needsReplacement, withReplaceOnChanges } from "../protocol/diff.ts";
import { isProviderType, parseReference } from "../protocol/urn.ts";
import { type PropertyMap, UNKNOWN } from "../protocol/values.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Decisions } from "./decisions.ts";
import { dependentsOf } from "./dependencyGraph.ts";
import { ensureProvider, pluginDiff } from "./manager.ts";
import { Reported, type Run } from "./run.ts";
import type { Step } from "./step.ts";

/** Works out what must go before a resource can be deleted and made again. */
export class Replacements {
    readonly #run: Run;
    readonly #decisions: Decisions;

    constructor(run: Run, decisions: Decisions) {
        this.#run = run;
        this.#decisions = decisions;
    }

    /**
     * Deletes the resource before its successor is made, and before that its dependents that a new one would replace:
     * they hold on to what is about to go.
     */
    async deletionsBefore(old: ResourceState): Promise<Step[]> {
        const { condemned, condemnedStates } = this.#decisions;
        const steps: Step[] = [];
        for (const dependent of (await this.#dependentsReplacedWith(old)).reverse()) {
            if (condemnedStates.has(dependent)) continue;
            if (dependent.delete) steps.push({ op: "delete", old: dependent });
            else {
                this.#refuseProtected(dependent, old);
                steps.push({ op: "delete-replaced", old: dependent, beforeCreation: true });
            }
            condemned.add(dependent.urn);
            condemnedStates.add(dependent);
        }
        await ensureProvider(this.#run, old.provider);
        if (!old.pendingReplacement) {
            condemned.add(old.urn);
            steps.push({ op: "delete-replaced", old, beforeCreation: true });
        }
        return steps;
    }

    #refuseProtected(dependent: ResourceState, root: ResourceState): void {
        if (!dependent.protect) return;
        const message = `It would be replaced together with ${root.urn}, but it is protected. Nothing was done to either. Remove \`protect\` from it in the program, run up, then make this change.`;
        this.#run.report.tell("error", message, dependent.urn);
        throw new Reported(message);
    }

    /** Already decided in this run: it cannot depend on a resource that is only registered now. */
    #isDecided(urn: string): boolean {
        const { created, same, updated, replaced, condemned } = this.#decisions;
        return [created, same, updated, replaced, condemned].some(decided => decided.has(urn));
    }

    async #dependentsReplacedWith(root: ResourceState): Promise<ResourceState[]> {
        const urns = new Set([root.urn]);
        const found: ResourceState[] = [];
        for (const dependent of dependentsOf(this.#run.snapshot.base, root, urn => this.#isDecided(urn), false)) {
            if (!(await this.#isReplacedWith(dependent, urns))) continue;
            urns.add(dependent.urn);
            found.push(dependent);
        }
        return found;
    }

    /** Asks the plugin what it would mean if every input that comes from the replaced resources changed. */
    async #isReplacedWith(resource: ResourceState, replaced: Set<string>): Promise<boolean> {
        if (!resource.custom) return false;
        if (resource.provider !== undefined && replaced.has(parseReference(resource.provider).urn)) {
            await ensureProvider(this.#run, resource.provider);
            return true;
        }
        const inputs: PropertyMap = {};
        let changes = false;
        for (const [key, value] of Object.entries(resource.inputs)) {
            const changing = (resource.propertyDependencies[key] ?? []).some(urn => replaced.has(urn));
            inputs[key] = changing ? UNKNOWN : value;
            changes ||= changing;
        }
        if (!changes) return false;
        const diff = withReplaceOnChanges(await this.#diff(resource, inputs), resource.replaceOnChanges, false);
        return needsReplacement(diff);
    }

    async #diff(resource: ResourceState, inputs: PropertyMap): Promise<Diff> {
        if (isProviderType(resource.type)) {
            await this.#run.providers.keep(resource.urn, resource.id!, resource.inputs);
            return this.#run.providers.diff(resource, inputs);
        }
        await ensureProvider(this.#run, resource.provider);
        return pluginDiff(this.#run, resource, inputs, resource.ignoreChanges, true);
    }
}
