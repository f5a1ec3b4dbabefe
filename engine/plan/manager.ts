import type { Checked, Plugin } from "../process/plugin.ts";
import { compareInputs, type Diff, NO_DIFF } from "../protocol/diff.ts";
import { resetIgnored } from "../protocol/propertyPath.ts";
import { formatReference, isProviderType, packageOf, parseReference, typeOf } from "../protocol/urn.ts";
import { type PropertyMap, sameValue } from "../protocol/values.ts";
import type { ResourceState } from "../state/resource.ts";
import { Reported, type Run } from "./run.ts";

/** Loads a provider that the program does not register, as it was configured when the state was written. */
export async function ensureProvider(run: Run, reference: string | undefined): Promise<void> {
    if (reference === undefined || run.providers.get(reference) !== undefined) return;
    const { urn, id } = parseReference(reference);
    const state = run.snapshot.base.find(resource => resource.urn === urn && resource.id === id);
    if (state === undefined)
        throw new Error(
            `The provider ${urn} is not in the state, so the state was edited wrongly. Put back a copy of the state.`,
        );
    await run.providers.keep(urn, id, state.inputs);
}

/** The plugin that manages a custom resource which is not a provider. */
export function pluginOf(run: Run, resource: ResourceState): Plugin {
    const plugin = resource.provider === undefined ? undefined : run.providers.get(resource.provider);
    if (plugin === undefined) {
        throw new Error(
            `The provider ${resource.provider ?? `of package ${packageOf(typeOf(resource.urn))}`} of ${resource.urn} was not registered in this run. Nothing was done to the resource. Pass the provider to the resource, or leave out --target.`,
        );
    }
    return plugin;
}

/** Checks a custom resource's inputs, provider or not. Failures are told, and make the resource invalid. */
export async function check(
    run: Run,
    resource: ResourceState,
    olds: PropertyMap,
    news: PropertyMap,
    randomSeed: Uint8Array,
): Promise<PropertyMap> {
    const { urn, type } = resource;
    const checked: Checked = isProviderType(type)
        ? await run.providers.check(urn, olds, news)
        : await pluginOf(run, resource).check(urn, olds, news, randomSeed);
    for (const { property, reason } of checked.failures) {
        run.report.tell("error", property === "" ? reason : `${property}: ${reason}`, urn);
    }
    if (checked.failures.length > 0) throw new Reported(`${urn} has invalid inputs`);
    return checked.inputs;
}

/** Whether a resource's provider changed so that the resource must be replaced. */
async function providerReplaces(
    run: Run,
    old: ResourceState,
    made: ResourceState,
    renamed: (urn: string) => string | undefined,
): Promise<boolean> {
    if (old.provider === made.provider) return false;
    if (old.provider === undefined || made.provider === undefined) return true;
    const before = parseReference(old.provider);
    const after = parseReference(made.provider);
    if (renamed(before.urn) === after.urn) return false;
    const oldState = run.snapshot.base.find(resource => resource.urn === before.urn);
    const newState = run.made.get(after.urn);
    if (oldState === undefined || newState === undefined) return true;
    return run.providers.changeNeedsReplacement(oldState, made.provider, newState.inputs);
}

/** What the new inputs would change, by the word of the plugin, or by comparing where there is none. */
export async function diff(
    run: Run,
    old: ResourceState,
    made: ResourceState,
    renamed: (urn: string) => string | undefined,
): Promise<Diff> {
    if (await providerReplaces(run, old, made, renamed)) {
        return { ...NO_DIFF, changes: "some", replaces: ["provider"] };
    }
    if (!made.custom) return sameValue(old.inputs, made.inputs) ? NO_DIFF : compareInputs(old.inputs, made.inputs);
    if (isProviderType(made.type)) return run.providers.diff({ ...old, urn: made.urn }, made.inputs);
    return pluginDiff(
        run,
        { ...old, urn: made.urn, provider: made.provider },
        made.inputs,
        made.ignoreChanges,
        run.preview,
    );
}

/** Asks the plugin what `news` would change of a resource. */
export async function pluginDiff(
    run: Run,
    old: ResourceState,
    news: PropertyMap,
    ignoreChanges: string[],
    allowUnknowns: boolean,
): Promise<Diff> {
    const answer = await pluginOf(run, old).diff(old.urn, old.id!, old, news, ignoreChanges, allowUnknowns);
    if (answer.changes !== "unknown") return answer;
    return {
        ...answer,
        ...compareInputs(old.inputs, resetIgnored(old.inputs, news, ignoreChanges).inputs),
        replaces: answer.replaces,
    };
}

/** The provider resource's reference; it has an id as soon as it was made. */
export function referenceTo(provider: ResourceState): string {
    return formatReference({ urn: provider.urn, id: provider.id! });
}
