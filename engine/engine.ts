import { availableParallelism } from "node:os";
import { Collector, declined, type EngineResult, endedAtPreview } from "./collector.ts";
import { type PassSettings, runPass } from "./plan/pass.ts";
import type { IdOfCreation } from "./plan/unfinished.ts";
import type { Listener } from "./protocol/events.ts";
import { type OpenStack, openStack, passphraseFrom } from "./stack/openStack.ts";
import { readProject } from "./stack/project.ts";
import { lockStack } from "./state/lock.ts";

/** Steps at once when nothing is said, as many as Pulumi takes: they mostly wait for hosts. */
const PARALLEL = 4 * availableParallelism();

export interface EngineOptions {
    operation: "preview" | "up" | "refresh" | "destroy";
    /** Directory of Pulumi.yaml. */
    directory: string;
    stack: string;
    /** Directory that holds `.pulumi`. */
    stateDirectory: string;
    /** Opens the stack's secrets; undefined: by PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE of `env`. */
    passphrase?: string;
    /** Read the hosts first. */
    refresh?: boolean;
    /** Update without a preview. */
    skipPreview?: boolean;
    /** With `refresh`: forget creations that an earlier run never finished. */
    clearPendingCreates?: boolean;
    /** Which unfinished creations `refresh` and `destroy` deal with; none when left out. */
    idOfCreation?: IdOfCreation;
    targets?: string[];
    /** A run that changes anything fails. */
    expectNoChanges?: boolean;
    policyPacks?: { directory: string; configFile?: string }[];
    parallel?: number;
    /** Asked with the preview before anything is done; without it, nothing is asked. */
    confirm?: (proposed: EngineResult) => Promise<boolean>;
    env: NodeJS.ProcessEnv;
    onEvent?: Listener;
    /** Cancels the run: nothing new is begun, and what was done is kept. */
    signal?: AbortSignal;
}

/** A run of the embedded engine over an open stack: its preview and, for `up`, its update. */
class EngineRun {
    readonly #options: EngineOptions;
    readonly #stack: OpenStack;

    constructor(options: EngineOptions, stack: OpenStack) {
        this.#options = options;
        this.#stack = stack;
    }

    async #pass(name: "preview" | "update" | "refresh" | "destroy"): Promise<EngineResult> {
        const {
            operation,
            refresh = false,
            targets = [],
            policyPacks = [],
            parallel = PARALLEL,
            env,
            signal,
        } = this.#options;
        const collector = new Collector();
        const tell: Listener = event => this.#options.onEvent?.(event);
        const listen: Listener = event => {
            collector.take(event);
            tell(event);
        };
        const work = operation === "destroy" || operation === "refresh" ? operation : "program";
        const settings: PassSettings = {
            stack: this.#stack,
            work,
            refresh: refresh || operation === "refresh",
            preview: name === "preview",
            clearPendingCreates: this.#options.clearPendingCreates ?? false,
            idOfCreation: this.#options.idOfCreation ?? (() => undefined),
            targets: new Set(targets),
            parallel,
            policyPacks: policyPacks.map(({ directory, configFile }) => ({ directory, configFile })),
            env,
            signal,
            listen,
            listenRefresh:
                operation === "refresh" ? listen : event => (event.kind === "step" ? tell(event) : listen(event)),
        };
        tell({ kind: "pass", pass: name });
        const { failed, outputs } = await runPass(settings);
        const checked = name !== "preview" || operation === "preview";
        if (!failed && checked && this.#options.expectNoChanges && collector.changesAnything()) {
            const verb = name === "preview" ? "proposed" : "made";
            listen({
                kind: "diagnostic",
                severity: "error",
                message: `No changes were expected, but changes were ${verb}.`,
            });
            return collector.result(false, outputs);
        }
        return collector.result(!failed, outputs);
    }

    async run(): Promise<EngineResult> {
        const { operation, confirm, signal, skipPreview } = this.#options;
        if (operation === "preview" || operation === "refresh") return this.#pass(operation);
        if ((operation === "up" && !skipPreview) || confirm !== undefined) {
            const proposed = await this.#pass("preview");
            if (!proposed.ok || signal?.aborted) return endedAtPreview(proposed);
            if (confirm !== undefined && !(await confirm(proposed))) return declined(proposed);
        }
        return this.#pass(operation === "up" ? "update" : "destroy");
    }
}

/**
 * Runs an operation on a stack with the embedded engine. What goes wrong with the stack is in the result; an operation
 * that cannot begin (a locked stack, a wrong passphrase, a missing file) throws.
 */
export async function runEngine(options: EngineOptions): Promise<EngineResult> {
    const { directory, stack, stateDirectory, env } = options;
    const passphrase = options.passphrase ?? (await passphraseFrom(env));
    const writes = options.operation !== "preview";
    const open = () => openStack(directory, stack, stateDirectory, passphrase, writes);
    if (!writes) return new EngineRun(options, await open()).run();
    const project = await readProject(directory);
    const onStale = (message: string) => options.onEvent?.({ kind: "diagnostic", severity: "warning", message });
    const unlock = await lockStack({ stateDirectory, project: project.name, stack }, onStale);
    try {
        return await new EngineRun(options, await open()).run();
    } finally {
        await unlock();
    }
}
