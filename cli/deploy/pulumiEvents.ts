import { stripVTControlCharacters } from "node:util";
import type { EngineEvent, PropertyChange, Severity, StepOp } from "../../engine/protocol/events.ts";
import { SIGNATURE_KEY, UNKNOWN_VALUES } from "../../engine/protocol/signatures.ts";
import { isProviderType, STACK_TYPE } from "../../engine/protocol/urn.ts";

type Properties = Record<string, unknown>;

interface Side {
    custom?: boolean;
    inputs?: Properties;
    outputs?: Properties;
}

/** The parts we read of an event in `pulumi --event-log` (sdk/go/common/apitype/events.go). */
interface StepMetadata {
    op: string;
    urn: string;
    type: string;
    old: Side | null;
    new: Side | null;
    diffs?: string[] | null;
    detailedDiff?: Record<string, { diffKind: string }> | null;
}

export interface PulumiEvent {
    /** Seconds since 1970. */
    timestamp?: number;
    diagnosticEvent?: { urn?: string; prefix?: string; message: string; severity: string; ephemeral?: boolean };
    policyEvent?: { resourceUrn?: string; message: string; policyName: string; enforcementLevel: string };
    policyRemediationEvent?: { resourceUrn?: string; policyName: string };
    resourcePreEvent?: { metadata: StepMetadata };
    resOutputsEvent?: { metadata: StepMetadata };
    resOpFailedEvent?: { metadata: StepMetadata };
    summaryEvent?: Properties;
}

const SEVERITIES: Record<string, Severity> = {
    debug: "debug",
    info: "info",
    "info#err": "warning",
    warning: "warning",
    error: "error",
};

/** A value of the event log as people see it: secrets and unknowns are named. */
function shown(value: unknown): unknown {
    if (typeof value === "string") return UNKNOWN_VALUES.has(value) ? "[unknown]" : value;
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value !== "object" || value === null) return value;
    if (SIGNATURE_KEY in value) return "urn" in value ? value.urn : "[secret]";
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shown(part)]));
}

function text(side: Side | null, path: string): string | undefined {
    const value = side?.inputs?.[path] ?? side?.outputs?.[path];
    return value === undefined ? undefined : JSON.stringify(shown(value));
}

/** The first name in a property path: the event's inputs are looked up by it. */
function rootOf(path: string): string {
    return /^[^.[]+/.exec(path)?.[0] ?? path;
}

function changesOf(metadata: StepMetadata): PropertyChange[] {
    const { op, old, new: made, detailedDiff, diffs } = metadata;
    if (op === "create") {
        return Object.keys(made?.inputs ?? {}).map(path => ({
            path,
            before: undefined,
            after: text(made, path),
            replaces: false,
        }));
    }
    if (!["update", "replace", "create-replacement"].includes(op)) return [];
    const kinds = new Map(Object.entries(detailedDiff ?? {}).map(([path, { diffKind }]) => [rootOf(path), diffKind]));
    const paths = kinds.size > 0 ? [...kinds.keys()] : (diffs ?? []);
    return paths.map(path => ({
        path,
        before: text(old, path),
        after: text(made, path),
        replaces: kinds.get(path)?.endsWith("-replace") ?? false,
    }));
}

/** Turns the events of the Pulumi CLI into ours. Keeps what the CLI tells piecemeal: when a step began, the outputs. */
export class EventReader {
    readonly #began = new Map<string, number>();
    /** The stack's outputs as last told, secrets hidden. */
    outputs: Record<string, unknown> = {};

    read(event: PulumiEvent): EngineEvent | undefined {
        const at = event.timestamp ?? 0;
        if (event.resourcePreEvent) return this.#step(event.resourcePreEvent.metadata, "started", at);
        if (event.resOutputsEvent) return this.#step(event.resOutputsEvent.metadata, "done", at);
        if (event.resOpFailedEvent) return this.#step(event.resOpFailedEvent.metadata, "failed", at);
        if (event.policyEvent) {
            const { resourceUrn = "", message, policyName, enforcementLevel } = event.policyEvent;
            const level = enforcementLevel === "advisory" ? "advisory" : "mandatory";
            return { kind: "violation", policy: policyName, level, urn: resourceUrn, message: message.trim() };
        }
        if (event.policyRemediationEvent) {
            const { resourceUrn = "", policyName } = event.policyRemediationEvent;
            return { kind: "remediation", policy: policyName, urn: resourceUrn };
        }
        if (event.diagnosticEvent && !event.diagnosticEvent.ephemeral) {
            const { urn, message, severity } = event.diagnosticEvent;
            const told = stripVTControlCharacters(message).trim();
            if (told === "") return undefined;
            return {
                kind: "diagnostic",
                severity: SEVERITIES[severity] ?? "info",
                message: told,
                ...(urn ? { urn } : {}),
            };
        }
        return undefined;
    }

    #step(metadata: StepMetadata, phase: "started" | "done" | "failed", at: number): EngineEvent {
        const { op, urn, type } = metadata;
        const key = `${op} ${urn}`;
        if (phase === "started") this.#began.set(key, at);
        if (type === STACK_TYPE && phase === "done" && metadata.new !== null) {
            this.outputs = shown(metadata.new.outputs ?? {}) as Record<string, unknown>;
        }
        const custom = (metadata.new ?? metadata.old)?.custom === true;
        return {
            kind: "step",
            phase,
            op: op as StepOp,
            urn,
            type,
            counted: custom && !isProviderType(type),
            changes: changesOf(metadata),
            seconds: phase === "started" ? 0 : at - (this.#began.get(key) ?? at),
        };
    }
}
