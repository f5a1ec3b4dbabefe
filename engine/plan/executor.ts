import { InitFailure } from "../protocol/initFailure.ts";
import { isUnavailable, messageOf } from "../protocol/rpc.ts";
import { formatReference, isProviderType } from "../protocol/urn.ts";
import { Secret } from "../protocol/values.ts";
import type { PendingOperation, ResourceState } from "../state/resource.ts";
import { pluginOf, referenceTo } from "./manager.ts";
import { changesOf } from "./propertyChanges.ts";
import type { Run } from "./run.ts";
import { type Step, subjectOf } from "./step.ts";

/** A protected resource cannot be deleted. The run goes on to tell of the others, and fails in the end. */
export class Protected extends Error {
    override name = "Protected";
}

const PENDING: Partial<Record<Step["op"], PendingOperation["type"]>> = {
    create: "creating",
    "create-replacement": "creating",
    update: "updating",
    delete: "deleting",
    "delete-replaced": "deleting",
};

async function same(run: Run, step: Extract<Step, { op: "same" }>): Promise<void> {
    const { old, made, untargeted, skippedCreation } = step;
    made.id = old.id;
    made.outputs = old.outputs;
    if (!isProviderType(made.type) || untargeted || skippedCreation) return;
    await run.providers.keep(made.urn, made.id!, old.inputs);
    if (old.urn !== made.urn) run.providers.alias(referenceTo(made), formatReference({ urn: old.urn, id: old.id! }));
}

async function create(run: Run, made: ResourceState): Promise<void> {
    if (made.custom && isProviderType(made.type))
        Object.assign(made, await run.providers.create(made.urn, made.inputs));
    else if (made.custom) {
        const { id, outputs } = await pluginOf(run, made).create(made.urn, made.inputs, made.customTimeouts.create);
        Object.assign(made, { id: id === "" ? undefined : id, outputs });
    }
    made.created = made.modified = new Date().toISOString();
}

async function update(run: Run, { old, made }: Extract<Step, { op: "update" }>): Promise<void> {
    made.id = old.id;
    if (!made.custom) return;
    if (isProviderType(made.type)) made.outputs = await run.providers.update(made.urn, made.id!, made.inputs);
    else {
        const { customTimeouts, ignoreChanges } = made;
        const changed = await pluginOf(run, made).update(
            made.urn,
            made.id!,
            old,
            made.inputs,
            customTimeouts.update,
            ignoreChanges,
        );
        made.outputs = changed.outputs;
    }
    made.modified = new Date().toISOString();
}

async function remove(run: Run, old: ResourceState): Promise<void> {
    if (run.preview || old.retainOnDelete || !old.custom) return;
    if (isProviderType(old.type)) await run.providers.delete(referenceTo(old));
    else await pluginOf(run, old).delete(old.urn, old.id!, old, old.customTimeouts.delete);
}

async function apply(run: Run, step: Step): Promise<void> {
    switch (step.op) {
        case "same":
            return same(run, step);
        case "create":
            return create(run, step.made);
        case "create-replacement":
            await create(run, step.made);
            if (step.deleteOldLater) step.old.delete = true;
            return;
        case "update":
            return update(run, step);
        case "delete":
            if (step.old.protect) {
                throw new Protected(
                    "It is protected and was not deleted. Remove `protect` from it in the program and run up, then delete it.",
                );
            }
            return remove(run, step.old);
        case "delete-replaced":
            await remove(run, step.old);
            if (step.beforeCreation) step.old.pendingReplacement = true;
            return;
    }
}

/** Keeps secret what the program or an input says is secret. */
function markSecretOutputs(made: ResourceState): void {
    const secretInputs = Object.keys(made.inputs).filter(key => made.inputs[key] instanceof Secret);
    for (const key of [...made.additionalSecretOutputs, ...secretInputs]) {
        const value = made.outputs[key];
        if (key !== "id" && value !== undefined && !(value instanceof Secret)) {
            made.outputs = { ...made.outputs, [key]: new Secret(value) };
        }
    }
}

/** Puts what a finished step made of the world into the snapshot. */
function record(run: Run, step: Step): void {
    switch (step.op) {
        case "same":
        case "create":
        case "update":
            if (step.op === "same" && step.skippedCreation) break;
            run.snapshot.put(step.made, "old" in step ? step.old : undefined);
            break;
        case "create-replacement":
            run.snapshot.put(step.made, step.deleteOldLater ? undefined : step.old);
            run.snapshot.rename(step.old.urn, step.made.urn);
            break;
        case "delete":
        case "remove-pending-replace":
            run.snapshot.remove(step.old);
            break;
        case "delete-replaced":
            if (!step.beforeCreation) run.snapshot.remove(step.old);
            break;
    }
    if (step.op === "create" || step.op === "create-replacement") run.snapshot.created(step.made.urn);
    if ("made" in step && step.op !== "replace") run.made.set(step.made.urn, step.made);
}

/** Keeps what a plugin made before it failed: the next run goes on from there. */
function recordHalfMade(run: Run, step: Step, failure: InitFailure): void {
    if (step.op !== "create" && step.op !== "create-replacement" && step.op !== "update") return;
    Object.assign(step.made, { outputs: failure.outputs, initErrors: failure.reasons });
    if (failure.id !== "") step.made.id = failure.id;
    if (step.op === "create-replacement" && step.deleteOldLater) step.old.delete = true;
    markSecretOutputs(step.made);
    record(run, step);
}

/**
 * Carries one step out. The state is written before, naming the step as under way, and after. Throws what went wrong,
 * after it was told.
 */
export async function execute(run: Run, step: Step): Promise<void> {
    const subject = subjectOf(step);
    const about = {
        kind: "step",
        op: step.op,
        urn: subject.urn,
        type: subject.type,
        counted: subject.custom && !isProviderType(subject.type),
        changes: changesOf(step),
    } as const;
    const began = Date.now();
    const pendingType = PENDING[step.op];
    const pending = pendingType && run.snapshot.begin(subject, pendingType);
    if (pending) await run.write();
    run.report.event({ ...about, phase: "started", seconds: 0 });
    try {
        await apply(run, step);
        if ("made" in step && step.op !== "replace") markSecretOutputs(step.made);
        record(run, step);
        run.report.event({ ...about, phase: "done", seconds: (Date.now() - began) / 1000 });
    } catch (error) {
        if (error instanceof InitFailure) recordHalfMade(run, step, error);
        if (pending?.type === "creating" && isUnavailable(error)) run.snapshot.leaveOpen(pending);
        const reported = run.report.error(error, messageOf(error), subject.urn);
        run.report.event({ ...about, phase: "failed", seconds: (Date.now() - began) / 1000 });
        throw error instanceof Protected ? error : reported;
    } finally {
        if (pending) run.snapshot.end(pending);
        if (pending || step.op === "remove-pending-replace") await run.write();
    }
}
