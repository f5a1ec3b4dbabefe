import { randomUUID } from "node:crypto";
import type { OperationContext } from "../host/operationContext.ts";
import { UNFINISHED } from "../host/owner.ts";
import { type AnyResourceKind, type ResourceState, withoutWays } from "../resource.ts";
import { checkInputs, secretsOf } from "./check.ts";
import { type Configuration, parseId } from "./configuration.ts";
import { type Decoded, type Properties, type SecretPaths, UNKNOWN } from "./values.ts";

/**
 * Carries out what the engine asks for one resource: keeps secrets marked, leaves connections out of outputs, and answers
 * previews without asking a host.
 */

type State = ResourceState<Properties, Properties>;

/** Paths of all secrets in a resource's properties: those that came marked, and those that its schemas mark. */
export function secretPaths(kind: AnyResourceKind, { values, secrets }: Decoded): SecretPaths {
    return new Set([...secrets, ...secretsOf(kind.inputs, values), ...secretsOf(kind.outputs, values)]);
}

/** Splits the state that the engine keeps into inputs and outputs. Missing inputs get the schema's defaults. */
export function stateOf(kind: AnyResourceKind, inputs: Properties, properties: Properties): State {
    const outputs: Properties = {};
    for (const [name, schema] of Object.entries(kind.outputs.shape)) {
        const parsed = schema.safeParse(properties[name] ?? null);
        outputs[name] = parsed.success ? parsed.data : properties[name];
    }
    return { inputs: checkInputs(kind, inputs).inputs, outputs };
}

/** The properties of a resource: its inputs without connections, and what the host answered. */
export function shown(inputs: Properties, outputs: Properties): Properties {
    return { ...withoutWays(inputs), ...outputs };
}

/** Outputs in a preview: unknown, except those that an update keeps. */
export function previewed(kind: AnyResourceKind, inputs: Properties, olds: Properties = {}): Properties {
    const stable = new Set<string>(kind.stableOutputs ?? []);
    const outputs = Object.keys(kind.outputs.shape).map(name => [
        name,
        stable.has(name) && name in olds ? olds[name] : UNKNOWN,
    ]);
    return shown(inputs, Object.fromEntries(outputs));
}

/** Whether an earlier run began to create the resource and did not finish. */
export function isUnfinished(kind: AnyResourceKind, { outputs }: State): boolean {
    return kind.outputs.shape.ownerId !== undefined && outputs.ownerId === undefined;
}

/**
 * The state, on the host, of a resource whose creation an earlier run did not finish. Where the host has nothing, or only
 * a part of a record after a power cut, it belongs to no resource: a delete then removes only that part.
 */
export async function foundUnfinished(
    kind: AnyResourceKind,
    context: OperationContext,
    id: string,
    { inputs }: State,
): Promise<State> {
    const nobodys = { inputs, outputs: { ...UNFINISHED } };
    if (kind.idOf === undefined) return nobodys;
    const found = await kind.read(context, id, nobodys);
    if (found === undefined) return nobodys;
    return { inputs: found.inputs, outputs: { appliedAt: new Date().toISOString(), ...found.outputs } };
}

/** Whether nothing on the host belongs to a resource whose creation was not finished. */
export function isNobodys({ outputs }: State): boolean {
    return outputs.ownerId === UNFINISHED.ownerId;
}

/** The inputs of a resource of which only the id is known. */
export function importedState(kind: AnyResourceKind, id: string, configuration: Configuration): State {
    const { connection, path } = parseId(id, configuration);
    const told = kind.inputsFromId?.(path);
    if (told === undefined)
        throw new Error(
            `${id} is not the id of a ${kind.token}. docs/reference/resources.md shows what its ids look like.`,
        );
    const { inputs, failures } = checkInputs(kind, told);
    const wrong = failures.find(failure => Object.keys(told).some(name => failure.startsWith(name)));
    if (wrong !== undefined) throw new Error(`${id} is not an id of Clearpath: ${wrong}`);
    const outputs = { machineId: "", ownerId: randomUUID(), appliedAt: new Date().toISOString() };
    return { inputs: { ...inputs, connection }, outputs };
}
