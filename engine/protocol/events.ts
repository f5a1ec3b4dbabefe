/** What is done to a resource, in the words of `pulumi`'s own events. */
export type StepOp =
    | "same"
    | "create"
    | "update"
    | "delete"
    | "replace"
    | "create-replacement"
    | "delete-replaced"
    | "remove-pending-replace"
    | "refresh";

export type Severity = "debug" | "info" | "warning" | "error";

/** One property that a step changes; texts are JSON with secrets hidden. `undefined` means that there is none. */
export interface PropertyChange {
    path: string;
    before: string | undefined;
    after: string | undefined;
    replaces: boolean;
}

export interface StepEvent {
    kind: "step";
    phase: "started" | "done" | "failed";
    op: StepOp;
    urn: string;
    type: string;
    /** Managed by a plugin, and not a provider itself: what people call a resource. */
    counted: boolean;
    changes: PropertyChange[];
    /** What a refresh found on the host; nothing was done to it. */
    found?: true;
    /** How long the step took, in seconds; 0 while it runs. */
    seconds: number;
}

export interface Diagnostic {
    severity: Severity;
    urn?: string;
    message: string;
}

export interface Violation {
    policy: string;
    level: "advisory" | "mandatory";
    urn: string;
    message: string;
}

/** Everything a run tells while it goes. */
export type EngineEvent =
    | { kind: "pass"; pass: "preview" | "update" | "refresh" | "destroy" }
    | StepEvent
    | ({ kind: "diagnostic" } & Diagnostic)
    | ({ kind: "violation" } & Violation)
    | { kind: "remediation"; policy: string; urn: string };

export type Listener = (event: EngineEvent) => void;
