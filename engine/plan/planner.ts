import { randomBytes } from "node:crypto";
import { type Diff, NO_DIFF, needsReplacement, withReplaceOnChanges } from "../protocol/diff.ts";
import { resetIgnored } from "../protocol/propertyPath.ts";
import { createUrn, isProviderType, STACK_TYPE } from "../protocol/urn.ts";
import { dependenciesOf, type ResourceState } from "../state/resource.ts";
import { Aliases } from "./aliases.ts";
import type { Decisions } from "./decisions.ts";
import type { Goal } from "./goal.ts";
import { check, diff } from "./manager.ts";
import { judgeResource } from "./policies.ts";
import { Replacements } from "./replacements.ts";
import { Reported, type Run } from "./run.ts";
import type { Step } from "./step.ts";

function freshState(
    goal: Goal,
    urn: string,
    old: ResourceState | undefined,
    oldUrn: string | undefined,
): ResourceState {
    return {
        urn,
        type: goal.type,
        custom: goal.custom,
        id: undefined,
        inputs: goal.inputs,
        outputs: {},
        parent: goal.parent,
        provider: goal.provider,
        dependencies: goal.dependencies,
        propertyDependencies: goal.propertyDependencies,
        protect: goal.protect ?? false,
        retainOnDelete: goal.retainOnDelete ?? false,
        delete: false,
        pendingReplacement: false,
        additionalSecretOutputs: goal.additionalSecretOutputs,
        aliases: oldUrn === undefined ? [] : [oldUrn],
        ignoreChanges: goal.ignoreChanges,
        replaceOnChanges: goal.replaceOnChanges,
        customTimeouts: goal.customTimeouts,
        initErrors: [],
        created: old?.created,
        modified: old?.modified,
    };
}

/**
 * Decides the steps for each resource the program registers. Decisions build on each other, so `plan` must not run
 * twice at a time.
 */
export class Planner {
    readonly decisions: Decisions = {
        created: new Set(),
        same: new Set(),
        updated: new Set(),
        replaced: new Set(),
        condemned: new Set(),
        condemnedStates: new Set(),
        skipped: new Set(),
    };
    readonly #run: Run;
    readonly #aliases = new Aliases();
    readonly #replacements: Replacements;
    readonly #urns = new Set<string>();

    constructor(run: Run) {
        this.#run = run;
        this.#replacements = new Replacements(run, this.decisions);
    }

    /** The new URN of a resource that was renamed in this run. */
    renamed(oldUrn: string): string | undefined {
        return this.#aliases.newNameOf(oldUrn);
    }

    #findOld(urn: string, goal: Goal): { old: ResourceState | undefined; oldUrn: string | undefined } {
        const live = (wanted: string) =>
            this.#run.snapshot.base.find(resource => resource.urn === wanted && !resource.delete);
        const claimed = this.#aliases.newNameOf(urn);
        if (claimed !== undefined) {
            throw new Error(
                `${urn} is registered, but ${claimed} names it as its alias. Nothing was done to it. Remove the alias.`,
            );
        }
        const same = live(urn);
        if (same !== undefined) return { old: same, oldUrn: undefined };
        for (const alias of goal.aliases) {
            const old = live(alias);
            if (old === undefined) continue;
            if (this.#urns.has(alias)) {
                throw new Error(
                    `${urn} names ${alias} as its alias, but that is registered too. Nothing was done to it. Remove the alias.`,
                );
            }
            this.#aliases.claim(urn, alias);
            return { old, oldUrn: alias };
        }
        return { old: undefined, oldUrn: undefined };
    }

    #isTargeted(urn: string, type: string): boolean {
        const { targets } = this.#run;
        return targets.size === 0 || targets.has(urn) || isProviderType(type) || type === STACK_TYPE;
    }

    /** The steps that make one resource what the program wants, in order, and the state they make. */
    async plan(goal: Goal): Promise<{ steps: Step[]; made: ResourceState }> {
        const urn = createUrn(this.#run.stack, this.#run.project, goal.parent, goal.type, goal.name);
        if (goal.parent !== undefined && !this.#urns.has(goal.parent)) {
            throw new Error(`The parent ${goal.parent} of ${urn} is not registered. Nothing was done to it.`);
        }
        if (this.#urns.has(urn)) {
            throw new Error(
                `There are two resources ${urn}. Nothing was done to the second. Give one of them another name.`,
            );
        }
        const { old, oldUrn } = this.#findOld(urn, goal);
        this.#urns.add(urn);
        this.#run.goals.set(urn, goal);
        const made = freshState(goal, urn, old, oldUrn);
        const targeted = this.#isTargeted(urn, goal.type);
        const seed = randomBytes(32);
        if (!targeted) made.inputs = old?.inputs ?? goal.inputs;
        else made.inputs = await this.#checkedInputs(goal, made, old, seed);
        await judgeResource(this.#run, made, goal);
        const steps = await this.#decide(goal, made, old, targeted, seed);
        this.#refuseMissingDependencies(steps);
        return { steps, made };
    }

    async #checkedInputs(goal: Goal, made: ResourceState, old: ResourceState | undefined, seed: Uint8Array) {
        if (!goal.custom) return goal.inputs;
        if (old === undefined) return check(this.#run, made, {}, goal.inputs, seed);
        const { inputs, unresolved } = resetIgnored(old.inputs, goal.inputs, goal.ignoreChanges);
        if (unresolved.length > 0) {
            this.#run.report.tell(
                "info",
                `changes cannot be ignored in what was added or removed: ${unresolved.join(", ")}`,
                made.urn,
            );
        }
        const recreating = this.decisions.condemned.has(made.urn);
        return check(this.#run, made, recreating ? {} : old.inputs, recreating ? goal.inputs : inputs, seed);
    }

    async #decide(
        goal: Goal,
        made: ResourceState,
        old: ResourceState | undefined,
        targeted: boolean,
        seed: Uint8Array,
    ): Promise<Step[]> {
        const { created, same, skipped, condemned, replaced } = this.decisions;
        if (old !== undefined && condemned.has(made.urn)) {
            condemned.delete(made.urn);
            replaced.add(made.urn);
            return [
                { op: "replace", old, made, diff: NO_DIFF },
                { op: "create-replacement", old, made, diff: NO_DIFF, deleteOldLater: false },
            ];
        }
        if (old !== undefined && targeted) return this.#decideChange(goal, made, old, seed);
        if (old !== undefined) {
            same.add(made.urn);
            Object.assign(made, { ...old, urn: made.urn });
            return [{ op: "same", old, made, untargeted: true, skippedCreation: false }];
        }
        if (!targeted) {
            same.add(made.urn);
            skipped.add(made.urn);
            return [{ op: "same", old: made, made, untargeted: true, skippedCreation: true }];
        }
        created.add(made.urn);
        return [{ op: "create", made }];
    }

    async #decideChange(goal: Goal, made: ResourceState, old: ResourceState, seed: Uint8Array): Promise<Step[]> {
        const { same, updated, replaced } = this.decisions;
        const halfMade = old.initErrors.length > 0;
        const raw = await diff(this.#run, old, made, urn => this.renamed(urn));
        const change = withReplaceOnChanges(raw, goal.replaceOnChanges, halfMade);
        if (old.pendingReplacement || (change.changes === "some" && needsReplacement(change))) {
            this.#refuseProtected(old, made);
            replaced.add(made.urn);
            // What Check filled in from the old inputs does not hold for a new resource.
            if (made.custom) made.inputs = await check(this.#run, made, {}, goal.inputs, seed);
            return this.#replace(goal, made, old, change);
        }
        if (change.changes === "some" || halfMade) {
            updated.add(made.urn);
            return [{ op: "update", old, made, diff: change }];
        }
        same.add(made.urn);
        return [{ op: "same", old, made, untargeted: false, skippedCreation: false }];
    }

    async #replace(goal: Goal, made: ResourceState, old: ResourceState, change: Diff): Promise<Step[]> {
        if (!(goal.deleteBeforeReplace ?? change.deleteBeforeReplace)) {
            return [
                { op: "create-replacement", old, made, diff: change, deleteOldLater: true },
                { op: "replace", old, made, diff: change },
            ];
        }
        return [
            ...(await this.#replacements.deletionsBefore(old)),
            { op: "replace", old, made, diff: change },
            { op: "create-replacement", old, made, diff: change, deleteOldLater: false },
        ];
    }

    /** A protected resource is not replaced; a preview goes on to show what else there is. */
    #refuseProtected(old: ResourceState, made: ResourceState): void {
        if (!old.protect || !made.protect) return;
        const message =
            "It would be replaced, but it is protected. Nothing was done to it. Remove `protect` from it in the program, run up, then make this change.";
        this.#run.report.tell("error", message, made.urn);
        if (!this.#run.preview) throw new Reported(message);
    }

    /** A targeted step cannot rest on a resource that the targets leave out. */
    #refuseMissingDependencies(steps: Step[]): void {
        for (const step of steps) {
            if (!("made" in step) || (step.op === "same" && step.skippedCreation)) continue;
            const needs = dependenciesOf(step.made);
            if (step.made.parent !== undefined) needs.add(step.made.parent);
            for (const urn of needs) {
                if (!this.decisions.skipped.has(urn)) continue;
                const message = `It depends on ${urn}, which does not exist and is not among the targets. Nothing was done to it. Add --target ${urn}.`;
                this.#run.report.tell("error", message, step.made.urn);
                this.decisions.skipped.delete(urn);
                if (!this.#run.preview) throw new Reported(message);
            }
        }
    }
}
