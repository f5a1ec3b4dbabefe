import * as pulumi from "@pulumi/pulumi";
import { vi } from "vitest";

/** A resource as the program registered it. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

/** What an engine would answer to a resource: its outputs beyond the inputs. */
export type Outputs = (type: string, name: string) => Record<string, unknown>;

export interface RecordingOptions {
    outputs?: Outputs;
    preview?: boolean;
    /** What the stack's resources said after the last update: type and outputs by URN. */
    before?: Record<string, { outputs: Record<string, unknown> }>;
}

/** A component as far as it says what its outputs are. */
interface Registering {
    registerOutputs(outputs?: Record<string, unknown>): void;
}

/**
 * Runs a program against Pulumi's mocks and gives what it registered, and the outputs of each component. At `preview` a custom resource has only the
 * outputs that `outputs` names; all others are unknown.
 */
export async function registeredBy<T>(
    program: () => T,
    { outputs = () => ({}), preview = false, before = {} }: RecordingOptions = {},
): Promise<{ made: T; resources: Registered[]; outputsOf: ReadonlyMap<object, Record<string, unknown>> }> {
    const resources: Registered[] = [];
    const outputsOf = new Map<object, Record<string, unknown>>();
    await pulumi.runtime.setMocks(
        {
            newResource({ type, name, inputs }) {
                resources.push({ type, name, inputs: bare(inputs) as Record<string, unknown> });
                return { id: `${name}-id`, state: { ...inputs, ...outputs(type, name) } };
            },
            call: () => ({ outputs: before }),
        },
        "clearpath",
        "test",
        preview,
    );
    // Mocks hear of a component's outputs nowhere.
    const prototype = pulumi.ComponentResource.prototype as unknown as Registering;
    const registering = vi.spyOn(prototype, "registerOutputs").mockImplementation(function (this: object, registered) {
        if (registered !== undefined) outputsOf.set(this, registered);
    });
    const made = program();
    await pulumi.runtime.disconnect();
    registering.mockRestore();
    return { made, resources, outputsOf };
}

/** Key of Pulumi's wire format that marks a wrapped value: here the only ones are secrets. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Inputs as the program gave them, without the wrapping of secrets. */
function bare(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(bare);
    if (typeof value !== "object" || value === null) return value;
    if (SIGNATURE in value && "value" in value) return bare(value.value);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bare(inner)]));
}

/** The value of an output, or undefined while it is unknown. */
export async function known<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const inner = output as unknown as { promise(): Promise<T>; isKnown: Promise<boolean> };
    return (await inner.isKnown) ? inner.promise() : undefined;
}
