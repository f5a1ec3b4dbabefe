import type { Diagnostic, EngineEvent, Listener, StepEvent, StepOp, Violation } from "./events.ts";
import { lockStack } from "./lock.ts";
import { type OpenStack, openStack, passphraseFrom } from "./openStack.ts";
import { type PassSettings, runPass } from "./pass.ts";
import { readProject } from "./project.ts";

/** As many steps at once as Pulumi's default: four for each processor would be more than our hosts like. */
const PARALLEL = 16;

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

export interface EngineResult {
    ok: boolean;
    /** What was done, or in a preview would be, in order. */
    steps: { urn: string; op: StepOp }[];
    /** Resources of plugins that were created, updated, replaced or deleted; by a refresh: found changed or gone. */
    changes: number;
    violations: Violation[];
    /** The stack's outputs, secrets hidden. */
    outputs: Record<string, unknown>;
    diagnostics: Diagnostic[];
}

const CHANGING: ReadonlySet<StepOp> = new Set(["create", "update", "delete", "replace", "create-replacement"]);

/** Gathers a result from the events of a pass. */
class Collector {
    readonly #steps: StepEvent[] = [];
    readonly #violations: Violation[] = [];
    readonly #diagnostics: Diagnostic[] = [];

    take(event: EngineEvent): void {
        if (event.kind === "step" && event.phase === "done") this.#steps.push(event);
        if (event.kind === "violation") {
            const { kind: _kind, ...violation } = event;
            this.#violations.push(violation);
        }
        if (event.kind === "diagnostic") {
            const { kind: _kind, ...diagnostic } = event;
            this.#diagnostics.push(diagnostic);
        }
    }

    result(ok: boolean, outputs: Record<string, unknown>): EngineResult {
        const changed = this.#steps.filter(step => step.counted && CHANGING.has(step.op));
        return {
            ok,
            steps: this.#steps.map(({ urn, op }) => ({ urn, op })),
            changes: new Set(changed.map(step => step.urn)).size,
            violations: this.#violations,
            outputs,
            diagnostics: this.#diagnostics,
        };
    }

    /** Whether anything but default providers changes. */
    changesAnything(): boolean {
        return this.#steps.some(({ op, type, urn }) => {
            const isDefaultProvider = type.startsWith("pulumi:providers:") && urn.includes("::default");
            return op !== "same" && op !== "remove-pending-replace" && !isDefaultProvider;
        });
    }
}

function failure(message: string): EngineResult {
    const diagnostics: Diagnostic[] = [{ severity: "error", message }];
    return { ok: false, steps: [], changes: 0, violations: [], outputs: {}, diagnostics };
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
        if (!failed && this.#options.expectNoChanges && collector.changesAnything()) {
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
        const { operation, confirm, signal } = this.#options;
        if (operation === "preview" || operation === "refresh") return this.#pass(operation);
        if (operation === "up" || confirm !== undefined) {
            const proposed = await this.#pass("preview");
            if (!proposed.ok || signal?.aborted) return proposed;
            if (confirm !== undefined && !(await confirm(proposed)))
                return { ...failure("Declined. Nothing was done."), outputs: proposed.outputs };
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
