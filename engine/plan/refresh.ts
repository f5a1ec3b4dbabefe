import { type Diff, inverted, NO_DIFF } from "../protocol/diff.ts";
import { InitFailure } from "../protocol/initFailure.ts";
import { messageOf } from "../protocol/rpc.ts";
import { isProviderType } from "../protocol/urn.ts";
import { sameValue } from "../protocol/values.ts";
import type { ResourceState } from "../state/resource.ts";
import { refuseUnknownTargets } from "./deletions.ts";
import { Limiter } from "./limiter.ts";
import { ensureProvider, pluginDiff, pluginOf } from "./manager.ts";
import { changesOf } from "./propertyChanges.ts";
import type { Run } from "./run.ts";

/** What a read found: the resource as it is now, or undefined when it is gone. */
interface Found {
    now: ResourceState | undefined;
    diff: Diff;
}

/** Whether a resource is asked for its state: components, providers and what is deleted already are not. */
function isRead(resource: ResourceState): boolean {
    return resource.custom && !isProviderType(resource.type) && !resource.pendingReplacement;
}

async function read(run: Run, resource: ResourceState): Promise<Found> {
    const plugin = pluginOf(run, resource);
    let initErrors: string[] = [];
    let found: { id: string; outputs: ResourceState["outputs"]; inputs: ResourceState["inputs"] | undefined };
    try {
        found = await plugin.read(resource.urn, resource.id!, resource, resource.customTimeouts.read);
    } catch (error) {
        if (!(error instanceof InitFailure)) throw error;
        found = error;
        initErrors = error.reasons;
        run.report.tell("warning", `It is not healthy: ${initErrors.join("; ")}`, resource.urn);
    }
    if (found.id === "") return { now: undefined, diff: { ...NO_DIFF, changes: "some" } };
    const inputs = found.inputs ?? resource.inputs;
    const now: ResourceState = { ...resource, id: found.id, inputs, outputs: found.outputs, initErrors };
    if (!sameValue(inputs, resource.inputs) || !sameValue(found.outputs, resource.outputs)) {
        now.modified = new Date().toISOString();
    }
    // What an `up` without a changed program would do next, seen from the other side.
    const diff = await pluginDiff(run, now, resource.inputs, resource.ignoreChanges, run.preview);
    return { now, diff: inverted(diff) };
}

/** Reads one resource and tells what was found. A failed read leaves the resource as it was. */
async function refreshOne(run: Run, resource: ResourceState): Promise<ResourceState | undefined> {
    const about = { kind: "step", urn: resource.urn, type: resource.type, counted: true, found: true } as const;
    const began = Date.now();
    run.report.event({ ...about, op: "refresh", phase: "started", changes: [], seconds: 0 });
    try {
        const { now, diff } = await read(run, resource);
        const op = now === undefined ? "delete" : diff.changes === "none" ? "same" : "update";
        const changes = now === undefined ? [] : changesOf({ op: "update", old: resource, made: now, diff });
        run.report.event({ ...about, op, phase: "done", changes, seconds: (Date.now() - began) / 1000 });
        return now;
    } catch (error) {
        run.report.error(error, messageOf(error), resource.urn);
        run.report.event({
            ...about,
            op: "refresh",
            phase: "failed",
            changes: [],
            seconds: (Date.now() - began) / 1000,
        });
        return resource;
    }
}

/** Takes out of what is left every mention of what is gone; a child whose parent is gone goes to its grandparent. */
function repaired(
    before: readonly ResourceState[],
    after: Map<ResourceState, ResourceState | undefined>,
): ResourceState[] {
    const parents = new Map(before.map(resource => [resource.urn, resource.parent]));
    const left = new Set<string>();
    const result: ResourceState[] = [];
    for (const resource of before) {
        const now = after.has(resource) ? after.get(resource) : resource;
        if (now === undefined) continue;
        const isLeft = (urn: string) => left.has(urn);
        let parent = now.parent;
        while (parent !== undefined && !left.has(parent)) parent = parents.get(parent);
        const propertyDependencies = Object.entries(now.propertyDependencies).map(([key, urns]) => [
            key,
            urns.filter(isLeft),
        ]);
        result.push({
            ...now,
            parent,
            dependencies: now.dependencies.filter(isLeft),
            propertyDependencies: Object.fromEntries(propertyDependencies),
        });
        left.add(now.urn);
    }
    return result;
}

/**
 * Reads every resource of the state, or the targets, and takes what is found as the state: inputs and outputs. Nothing
 * on any host is changed. What could be read is kept even when a read failed.
 */
export async function refresh(run: Run, isStopped: () => boolean): Promise<void> {
    const { snapshot, targets } = run;
    refuseUnknownTargets(run);
    const limiter = new Limiter(run.parallel);
    const found = new Map<ResourceState, ResourceState | undefined>();
    const wanted = snapshot.base.filter(
        resource => isRead(resource) && (targets.size === 0 || targets.has(resource.urn)),
    );
    for (const resource of wanted) await ensureProvider(run, resource.provider);
    await Promise.all(
        wanted.map(resource =>
            limiter.run(async () => {
                if (!isStopped()) found.set(resource, await refreshOne(run, resource));
            }),
        ),
    );
    snapshot.rebase(repaired(snapshot.base, found));
    await run.write();
}
