import { randomUUID } from "node:crypto";
import type { OperationContext } from "../host/operationContext.ts";
import { UNFINISHED } from "../host/owner.ts";
import { type AnyResourceKind, type ResourceState, withoutWays } from "../resource.ts";
import { checkInputs, secretsOf } from "./check.ts";
import { type Configuration, parseId } from "./configuration.ts";
import { type Decoded, type Properties, type SecretPaths, UNKNOWN } from "./values.ts";

/**
 * What the engine asks of one resource, in terms of its kind: keeps secrets secret, leaves the ways to hosts out of
 * outputs, answers previews without a host.
 */

type State = ResourceState<Properties, Properties>;

/** Everything secret in properties of a resource: what came marked, and what its schemas call so. */
export function secretPaths(kind: AnyResourceKind, { values, secrets }: Decoded): SecretPaths {
    return new Set([...secrets, ...secretsOf(kind.inputs, values), ...secretsOf(kind.outputs, values)]);
}

/** State as the engine keeps it, told apart again. Inputs that a newer schema has a default for get it. */
export function stateOf(kind: AnyResourceKind, inputs: Properties, properties: Properties): State {
    const outputs: Properties = {};
    for (const [name, schema] of Object.entries(kind.outputs.shape)) {
        const parsed = schema.safeParse(properties[name] ?? null);
        outputs[name] = parsed.success ? parsed.data : properties[name];
    }
    return { inputs: checkInputs(kind, inputs).inputs, outputs };
}

/** What a resource shows: its inputs without the ways to hosts, and what the host answered. */
export function shown(inputs: Properties, outputs: Properties): Properties {
    return { ...withoutWays(inputs), ...outputs };
}

/** Outputs of a resource that is only previewed: what will be answered is not known, except what an update keeps. */
export function previewed(kind: AnyResourceKind, inputs: Properties, olds: Properties = {}): Properties {
    const stable = new Set<string>(kind.stableOutputs ?? []);
    const outputs = Object.keys(kind.outputs.shape).map(name => [
        name,
        stable.has(name) && name in olds ? olds[name] : UNKNOWN,
    ]);
    return shown(inputs, Object.fromEntries(outputs));
}

/** Whether an engine knows of a resource only that an earlier run began to create it. */
export function isUnfinished(kind: AnyResourceKind, { outputs }: State): boolean {
    return kind.outputs.shape.ownerId !== undefined && outputs.ownerId === undefined;
}

/**
 * What an earlier run has left of a resource that it never finished to create, as the host has it. Where that is nothing,
 * or no more than a power cut leaves of a record, it is nobody's: deleting that clears such a rest away and nothing else.
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

/** Whether nothing on the host belongs to a resource that was never finished. */
export function isNobodys({ outputs }: State): boolean {
    return outputs.ownerId === UNFINISHED.ownerId;
}

/** The inputs of a resource that is known by its id alone. */
export function importedState(kind: AnyResourceKind, id: string, configuration: Configuration): State {
    const { connection, path } = parseId(id, configuration);
    const told = kind.inputsFromId?.(path);
    if (told === undefined)
        throw new Error(
            `${id} is not the id of a ${kind.token}. Its page in docs/reference/resources.md shows what its ids look like.`,
        );
    const { inputs, failures } = checkInputs(kind, told);
    const wrong = failures.find(failure => Object.keys(told).some(name => failure.startsWith(name)));
    if (wrong !== undefined) throw new Error(`${id} is not an id of Clearpath: ${wrong}`);
    const outputs = { machineId: "", ownerId: randomUUID(), appliedAt: new Date().toISOString() };
    return { inputs: { ...inputs, connection }, outputs };
}
