import { messageOf, unavailable } from "../protocol/rpc.ts";
import { isProviderType, STACK_TYPE } from "../protocol/urn.ts";
import type { PropertyMap } from "../protocol/values.ts";
import type { ResourceState } from "../state/resource.ts";
import { planDeletions } from "./deletions.ts";
import { deletionRounds, needsOf } from "./dependencyGraph.ts";
import { execute, Protected } from "./executor.ts";
import type { Goal } from "./goal.ts";
import { Limiter } from "./limiter.ts";
import { Planner } from "./planner.ts";
import type { Reported, Run } from "./run.ts";
import type { Step } from "./step.ts";

/**
 * One pass over a stack: takes what the program registers, carries it out, and deletes what is left over. After the
 * first failure no new step is begun; those under way finish, and what they did is kept.
 */
export class Deployment {
    readonly #run: Run;
    readonly #planner: Planner;
    readonly #planning = new Limiter(1);
    readonly #steps: Limiter;
    readonly #underWay = new Set<Promise<unknown>>();
    #stackOutputs: { urn: string; outputs: PropertyMap } | undefined;
    #stopped: Reported | undefined;
    #whenStopped: () => void = () => {};

    constructor(run: Run) {
        this.#run = run;
        this.#planner = new Planner(run);
        this.#steps = new Limiter(run.parallel);
    }

    /** Begins no further step. */
    stop(reason: Reported): void {
        if (this.#stopped) return;
        this.#stopped = reason;
        this.#whenStopped();
    }

    /** Calls back at the first failure, at once if there was one. */
    onStop(callback: () => void): void {
        this.#whenStopped = callback;
        if (this.#stopped) callback();
    }

    get stopped(): boolean {
        return this.#stopped !== undefined;
    }

    #refuseWhenStopped(): void {
        if (this.#stopped) throw unavailable(`the run stopped: ${this.#stopped.message}`);
    }

    async #track<T>(task: Promise<T>): Promise<T> {
        this.#underWay.add(task);
        try {
            return await task;
        } finally {
            this.#underWay.delete(task);
        }
    }

    /** Makes one resource what the program wants. Throws the `unavailable` status once the run has stopped. */
    register(goal: Goal): Promise<{ made: ResourceState; unknown: boolean }> {
        return this.#track(this.#register(goal));
    }

    async #register(goal: Goal): Promise<{ made: ResourceState; unknown: boolean }> {
        try {
            const { steps, made } = await this.#planning.run(() => {
                this.#refuseWhenStopped();
                return this.#planner.plan(goal);
            });
            await this.#steps.run(() => this.#executeAll(steps));
            return { made, unknown: steps.some(step => step.op === "same" && step.skippedCreation) };
        } catch (error) {
            if (this.#stopped) throw unavailable(`the run stopped: ${this.#stopped.message}`);
            this.stop(this.#run.report.error(error, messageOf(error), undefined));
            throw unavailable("the run stopped after a failure");
        }
    }

    async #executeAll(steps: Step[]): Promise<void> {
        for (const step of steps) {
            this.#refuseWhenStopped();
            await execute(this.#run, step);
        }
    }

    /** Takes the outputs of a component; those of the stack are kept until it is known how the run went. */
    async registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
        const made = this.#run.made.get(urn);
        if (made === undefined) throw new Error(`${urn} has outputs but was not registered.`);
        if (made.type === STACK_TYPE) this.#stackOutputs = { urn, outputs };
        else {
            made.outputs = outputs;
            await this.#run.write();
        }
    }

    /** The stack's outputs take the place of the old ones; after a failure, only those that were set again do. */
    finishOutputs(succeeded: boolean): PropertyMap {
        const stack = this.#stackOutputs;
        const made = stack && this.#run.made.get(stack.urn);
        if (made === undefined) {
            return this.#run.snapshot.base.find(resource => resource.type === STACK_TYPE)?.outputs ?? {};
        }
        made.outputs = succeeded ? stack!.outputs : { ...made.outputs, ...stack!.outputs };
        return made.outputs;
    }

    /** Waits for the steps under way. */
    async settle(): Promise<void> {
        while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    }

    /** Deletes what the program did not register, each resource after all that need it. */
    async deleteLeftovers(): Promise<void> {
        const { snapshot } = this.#run;
        const steps = await planDeletions(this.#run, this.#planner.decisions, urn => this.#planner.renamed(urn));
        const stepOf = new Map(steps.flatMap(step => ("old" in step ? [[step.old, step] as const] : [])));
        const kept = new Set<ResourceState>();
        for (const round of deletionRounds(snapshot.base, new Set(stepOf.keys()))) {
            this.#refuseWhenStopped();
            const free = round.filter(resource => !kept.has(resource));
            const results = await Promise.allSettled(
                free.map(resource => this.#steps.run(() => execute(this.#run, stepOf.get(resource)!))),
            );
            for (const [index, result] of results.entries()) {
                if (result.status === "fulfilled") continue;
                keepNeedsOf(snapshot.base, free[index]!, kept);
                if (!(result.reason instanceof Protected))
                    this.stop(this.#run.report.error(result.reason, messageOf(result.reason)));
            }
        }
        if (this.#stopped) throw this.#stopped;
    }
}

/** A resource that could not be deleted keeps all that it needs. */
function keepNeedsOf(resources: readonly ResourceState[], resource: ResourceState, kept: Set<ResourceState>): void {
    for (const need of needsOf(resources, resource)) {
        if (kept.has(need)) continue;
        kept.add(need);
        keepNeedsOf(resources, need, kept);
    }
}

/** Whether a resource counts as one of the user's: managed by a plugin, and no provider. */
export function isCounted(resource: ResourceState): boolean {
    return resource.custom && !isProviderType(resource.type);
}
