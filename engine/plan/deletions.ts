import type { ResourceState } from "../state/resource.ts";
import type { Decisions } from "./decisions.ts";
import { dependentsOf } from "./dependencyGraph.ts";
import { ensureProvider } from "./manager.ts";
import { Reported, type Run } from "./run.ts";
import type { Step } from "./step.ts";

/** Resources that the targets, and what hangs on them, allow to be deleted; undefined when everything is. */
function deletable(run: Run): Set<string> | undefined {
    if (run.targets.size === 0) return undefined;
    const base = run.snapshot.base;
    const targeted = base.filter(resource => run.targets.has(resource.urn));
    const dependents = targeted.flatMap(resource => dependentsOf(base, resource, () => false, true));
    return new Set([...targeted, ...dependents].map(resource => resource.urn));
}

function stepFor(resource: ResourceState, decisions: Decisions, isKept: (urn: string) => boolean): Step | undefined {
    if (resource.delete) {
        if (decisions.condemnedStates.has(resource)) return undefined;
        return { op: "delete-replaced", old: resource, beforeCreation: false };
    }
    if (isKept(resource.urn)) return undefined;
    return resource.pendingReplacement
        ? { op: "remove-pending-replace", old: resource }
        : { op: "delete", old: resource };
}

/**
 * The steps that delete what the program no longer asks for and what was replaced. `renamed` gives the new URN of a
 * renamed resource. Throws when a target's dependents would have to go too and are not targets themselves.
 */
export async function planDeletions(
    run: Run,
    decisions: Decisions,
    renamed: (urn: string) => string | undefined,
): Promise<Step[]> {
    refuseUnknownTargets(run);
    const { same, updated, replaced, condemned } = decisions;
    const isKept = (urn: string) => {
        const now = renamed(urn) ?? urn;
        return same.has(now) || updated.has(now) || replaced.has(now);
    };
    const allowed = deletable(run);
    const steps: Step[] = [];
    for (const resource of run.snapshot.base) {
        if (allowed !== undefined && !allowed.has(resource.urn)) continue;
        const step = stepFor(resource, decisions, isKept);
        if (step === undefined) continue;
        condemned.add(resource.urn);
        await ensureProvider(run, resource.provider);
        steps.push(step);
    }
    refuseUntargeted(run, steps);
    return steps;
}

/** Stops at targets that neither the state nor the program has. */
export function refuseUnknownTargets(run: Run): void {
    const isKnown = (urn: string) => run.goals.has(urn) || run.snapshot.base.some(resource => resource.urn === urn);
    const unknown = [...run.targets].filter(urn => !isKnown(urn));
    for (const urn of unknown) run.report.tell("error", `There is no resource ${urn} in the stack. Check --target.`);
    if (unknown.length > 0) throw new Reported("a target does not exist");
}

function refuseUntargeted(run: Run, steps: Step[]): void {
    if (run.targets.size === 0) return;
    const untargeted = steps.flatMap(step => ("old" in step && !run.targets.has(step.old.urn) ? [step.old.urn] : []));
    for (const urn of untargeted) {
        run.report.tell(
            "error",
            `It depends on a target that would be deleted, but is no target itself. Nothing was deleted. Add --target ${urn}.`,
            urn,
        );
    }
    if (untargeted.length > 0 && !run.preview) throw new Reported("untargeted resources would be deleted");
}
