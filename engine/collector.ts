import type { Diagnostic, EngineEvent, StepEvent, StepOp, Violation } from "./protocol/events.ts";

/** What a run did, or in a preview would do. */
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
export class Collector {
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

    /** Whether an event so far explains a failure. */
    hasFailure(): boolean {
        return (
            this.#diagnostics.some(diagnostic => diagnostic.severity === "error") ||
            this.#violations.some(violation => violation.level === "mandatory")
        );
    }

    /** Whether anything but default providers changes. */
    changesAnything(): boolean {
        return this.#steps.some(({ op, type, urn }) => {
            const isDefaultProvider = type.startsWith("pulumi:providers:") && urn.includes("::default");
            return op !== "same" && op !== "remove-pending-replace" && !isDefaultProvider;
        });
    }
}

/** The result of a run that ended with its preview: what was proposed is not what was done. */
export function endedAtPreview(proposed: EngineResult): EngineResult {
    return { ...proposed, ok: false, steps: [], changes: 0, outputs: {} };
}

/** The result of a run whose preview the user did not want carried out. */
export function declined(proposed: EngineResult): EngineResult {
    const declining: Diagnostic = { severity: "error", message: "You declined the changes. Nothing was done." };
    return { ...endedAtPreview(proposed), violations: [], diagnostics: [declining] };
}
