import { randomUUID } from "node:crypto";
import { type Checked, Plugin } from "../process/plugin.ts";
import { findPlugin } from "../process/pluginPath.ts";
import { type Diff, NO_DIFF } from "../protocol/diff.ts";
import { UNKNOWN_STRING } from "../protocol/signatures.ts";
import { Unsupported } from "../protocol/unsupported.ts";
import { formatReference, packageOf, parseReference, typeOf } from "../protocol/urn.ts";
import { isMap, type PropertyMap, sameValue } from "../protocol/values.ts";
import type { Project } from "../stack/project.ts";
import type { ResourceState } from "../state/resource.ts";

/** Key of the settings that are the engine's own, not the plugin's. */
const INTERNAL = "__internal";

/** Package of the functions that the engine has itself: its provider is in the state and has no plugin. */
export const BUILT_IN = "pulumi";

function isBuiltIn(urn: string): boolean {
    return packageOf(typeOf(urn)) === BUILT_IN;
}

/** Adds what the engine keeps about a provider's plugin to its inputs, as the CLI does. */
export function providerInputs(inputs: PropertyMap, version: string, downloadUrl: string): PropertyMap {
    if (version === "" && downloadUrl === "") return inputs;
    return {
        ...inputs,
        [INTERNAL]: downloadUrl === "" ? {} : { pluginDownloadURL: downloadUrl },
        ...(version === "" ? {} : { version }),
    };
}

function pluginConfig(inputs: PropertyMap): PropertyMap {
    const { [INTERNAL]: _ours, ...config } = inputs;
    return config;
}

function refuseForeignSettings(urn: string, inputs: PropertyMap): void {
    const internal = inputs[INTERNAL];
    const foreign = isMap(internal) ? Object.keys(internal).find(key => key !== "pluginDownloadURL") : undefined;
    if (foreign !== undefined) throw new Unsupported(`the provider setting ${foreign}`, urn);
}

interface RegistrySettings {
    project: Project;
    engineAddress: string;
    env: NodeJS.ProcessEnv;
    preview: boolean;
}

/**
 * The provider resources of one run and the plugins behind them. A provider resource is "made" by starting and
 * configuring its plugin; every configured plugin is found by the provider's reference.
 */
export class ProviderRegistry {
    readonly #settings: RegistrySettings;
    /** Started and checked, but not configured yet; by the provider's URN. */
    readonly #checked = new Map<string, Plugin>();
    readonly #configured = new Map<string, Plugin>();
    /** Started ahead of need, by package. */
    readonly #ahead = new Map<string, Promise<Plugin>>();
    readonly #all = new Set<Plugin>();

    constructor(settings: RegistrySettings) {
        this.#settings = settings;
    }

    async #start(packageName: string, version: string): Promise<Plugin> {
        const { project, engineAddress, env, preview } = this.#settings;
        const plugin = await Plugin.start({
            executable: findPlugin(project, packageName, version, env),
            engineAddress,
            directory: project.directory,
            env: { ...env, PULUMI_PROJECT: project.name },
            preview,
        });
        this.#all.add(plugin);
        return plugin;
    }

    /** Starts a package's plugin while the program still loads. Whether it works is told when it is needed. */
    startAhead(packageName: string): void {
        const starting = this.#start(packageName, "");
        starting.catch(() => {});
        this.#ahead.set(packageName, starting);
    }

    #load(urn: string, inputs: PropertyMap): Promise<Plugin> {
        refuseForeignSettings(urn, inputs);
        const packageName = packageOf(typeOf(urn));
        const ahead = this.#ahead.get(packageName);
        if (ahead === undefined)
            return this.#start(packageName, typeof inputs.version === "string" ? inputs.version : "");
        this.#ahead.delete(packageName);
        return ahead;
    }

    async #discard(plugin: Plugin): Promise<void> {
        this.#all.delete(plugin);
        await plugin.stop();
    }

    /** The configured plugin of a provider reference. */
    get(reference: string): Plugin | undefined {
        return this.#configured.get(reference);
    }

    async check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<Checked> {
        if (isBuiltIn(urn)) return { inputs: news, failures: [] };
        const plugin = await this.#load(urn, news);
        const checked = await plugin.checkConfig(urn, pluginConfig(olds), pluginConfig(news));
        if (checked.failures.length > 0) {
            await this.#discard(plugin);
            return checked;
        }
        const before = this.#checked.get(urn);
        if (before !== undefined) await this.#discard(before);
        this.#checked.set(urn, plugin);
        const inputs = { ...checked.inputs };
        if (inputs.version === undefined && news.version !== undefined) inputs.version = news.version;
        if (news[INTERNAL] !== undefined) inputs[INTERNAL] = news[INTERNAL];
        return { inputs, failures: [] };
    }

    async diff(state: ResourceState, news: PropertyMap): Promise<Diff> {
        if (isBuiltIn(state.urn)) return NO_DIFF;
        const reference = formatReference({ urn: state.urn, id: state.id! });
        const plugin = this.#checked.get(state.urn) ?? this.#configured.get(reference);
        if (plugin === undefined)
            throw new Error(`The provider ${state.urn} was not loaded before its change was asked for.`);
        const config = pluginConfig(news);
        const diff = await plugin.diffConfig(state.urn, pluginConfig(state.inputs), state.outputs, config);
        if (diff.changes !== "unknown") return diff;
        return { ...diff, changes: sameValue(state.outputs, config) ? "none" : "some" };
    }

    /** Whether resources of the old provider must be replaced when they move to the new one. */
    async changeNeedsReplacement(
        oldProvider: ResourceState,
        reference: string,
        newInputs: PropertyMap,
    ): Promise<boolean> {
        const plugin = this.#configured.get(reference);
        if (plugin === undefined)
            throw new Error(`The provider ${reference} was not registered before a resource asked for it.`);
        const { urn } = parseReference(reference);
        const diff = await plugin.diffConfig(
            urn,
            pluginConfig(oldProvider.inputs),
            oldProvider.outputs,
            pluginConfig(newInputs),
        );
        return diff.replaces.length > 0;
    }

    async #configure(urn: string, id: string, inputs: PropertyMap, plugin: Plugin): Promise<PropertyMap> {
        const config = pluginConfig(inputs);
        await plugin.configure(urn, id, config);
        this.#configured.set(formatReference({ urn, id }), plugin);
        return config;
    }

    async #taken(urn: string, inputs: PropertyMap): Promise<Plugin> {
        const plugin = this.#checked.get(urn) ?? (await this.#load(urn, inputs));
        this.#checked.delete(urn);
        return plugin;
    }

    /** Configures the plugin of a provider that does not change, with the inputs it had. */
    async keep(urn: string, id: string, inputs: PropertyMap): Promise<void> {
        if (isBuiltIn(urn) || this.#configured.has(formatReference({ urn, id }))) return;
        await this.#configure(urn, id, inputs, await this.#taken(urn, inputs));
    }

    /** Configures the plugin of a new provider. Returns its id, which a preview does not know yet, and its outputs. */
    async create(urn: string, inputs: PropertyMap): Promise<{ id: string; outputs: PropertyMap }> {
        const id = this.#settings.preview ? UNKNOWN_STRING : randomUUID();
        if (isBuiltIn(urn)) return { id, outputs: {} };
        return { id, outputs: await this.#configure(urn, id, inputs, await this.#taken(urn, inputs)) };
    }

    async update(urn: string, id: string, inputs: PropertyMap): Promise<PropertyMap> {
        const before = this.#configured.get(formatReference({ urn, id }));
        const outputs = await this.#configure(urn, id, inputs, await this.#taken(urn, inputs));
        if (before !== undefined) await this.#discard(before);
        return outputs;
    }

    async delete(reference: string): Promise<void> {
        const plugin = this.#configured.get(reference);
        this.#configured.delete(reference);
        if (plugin !== undefined) await this.#discard(plugin);
    }

    /** A renamed provider serves its resources under its old reference too. */
    alias(reference: string, oldReference: string): void {
        const plugin = this.#configured.get(reference);
        if (plugin !== undefined) this.#configured.set(oldReference, plugin);
    }

    async cancel(): Promise<void> {
        await Promise.all([...this.#all].map(plugin => plugin.cancel()));
    }

    async stop(): Promise<void> {
        await Promise.allSettled(this.#ahead.values());
        await Promise.all([...this.#all].map(plugin => plugin.stop()));
    }
}
