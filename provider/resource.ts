import { z } from "zod";
import { Connection } from "./host/connection.ts";
import type { OperationContext } from "./host/operationContext.ts";
import { Witness } from "./host/witness.ts";

export interface ResourceState<Inputs, Outputs> {
    inputs: Inputs;
    outputs: Outputs;
}

/**
 * What one resource type looks like from outside. The zod schemas are the single source: TypeScript types, the Pulumi
 * package schema, the reference page and the errors of `check` come from them. Properties marked
 * `.meta({ secret: true })` are secrets. Outputs list only what inputs do not: the plugin returns inputs (without
 * `connection`) and outputs together.
 */
export interface ResourceShape<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject> {
    /** Pulumi type token, e.g. `clearpath:host:LinkMtu`. */
    token: string;
    description: string;
    /** What ids look like: the host, then what is on it. For the reference page, and for `pulumi import`. */
    idExample: string;
    inputs: InputSchema;
    outputs: OutputSchema;
    /** Inputs whose change means another thing on the host: the old one is deleted before the new one is made. */
    replaceOn: readonly (keyof z.infer<InputSchema> & string)[];
    /** Inputs that never cause an update by themselves. Ways to hosts always are such. */
    ignoreInDiff?: readonly (keyof z.infer<InputSchema> & string)[];
    /** Outputs that keep their value through an update and so are known at preview. */
    stableOutputs?: readonly (keyof z.infer<OutputSchema> & string)[];
}

/** One resource type of the plugin: its shape, and what is done to the host. */
export interface ResourceKind<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject>
    extends ResourceShape<InputSchema, OutputSchema> {
    /** Checks beyond the schema; each failure names a property path and says what to do. */
    validate?(inputs: z.infer<InputSchema>): { property: string; reason: string }[];
    /**
     * Outputs that call for an update although no input changed, e.g. `passed` of a probe whose last run failed. Pure:
     * it runs during refresh too.
     */
    stale?(
        state: ResourceState<z.infer<InputSchema>, z.infer<OutputSchema>>,
    ): readonly (keyof z.infer<OutputSchema> & string)[];
    create(
        context: OperationContext,
        inputs: z.infer<InputSchema>,
    ): Promise<{ id: string; outputs: z.infer<OutputSchema> }>;
    /** The id of a thing that is kept on a host. A type without it leaves nothing anywhere. */
    idOf?(inputs: z.infer<InputSchema>): string;
    /** Inputs that the id of a thing tells, from what follows the host in it: for `pulumi import`. */
    inputsFromId?(path: string): Partial<z.infer<InputSchema>> | undefined;
    /** What is on the host now, or undefined when it is gone. `inputs` come back as the host has them, so drift is a diff. */
    read(
        context: OperationContext,
        id: string,
        state: ResourceState<z.infer<InputSchema>, z.infer<OutputSchema>>,
    ): Promise<ResourceState<z.infer<InputSchema>, z.infer<OutputSchema>> | undefined>;
    update(
        context: OperationContext,
        id: string,
        olds: ResourceState<z.infer<InputSchema>, z.infer<OutputSchema>>,
        news: z.infer<InputSchema>,
    ): Promise<z.infer<OutputSchema>>;
    /** Puts the host back as it was found. A host that no longer exists is not an error. */
    delete(
        context: OperationContext,
        id: string,
        state: ResourceState<z.infer<InputSchema>, z.infer<OutputSchema>>,
    ): Promise<void>;
}

/** A resource type whose schemas are not known where it is used. */
export type AnyResourceKind = ResourceKind<z.ZodObject, z.ZodObject>;

/** Gives a resource type its types from its own schemas. */
export function resourceKind<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject>(
    kind: ResourceKind<InputSchema, OutputSchema>,
): ResourceKind<InputSchema, OutputSchema> {
    return kind;
}

/** Inputs of every resource. */
export const hostInputs = {
    connection: Connection.describe(
        "How the host is reached. Another `host` is another machine, and replaces the resource; any other change of the connection alone is never an update.",
    ),
};

/** Outputs of every resource. */
export const hostOutputs = {
    machineId: z.string().describe("The host's machine-id: another one means that the host was rebuilt."),
    ownerId: z.string().describe("Identity of this resource, also kept on the host: only its owner deletes a thing."),
};

/** Window of commit-confirm, an input of every resource whose change could cut its host off. */
export const confirmSeconds = z
    .int()
    .min(10)
    .max(600)
    .default(30)
    .describe("How long the host waits for a new connection to confirm the change before it takes it back.");

/** Input of every resource whose change could cut off the way out of hosts. */
export const witnesses = z
    .array(Witness)
    .default([])
    .describe(
        "Hosts that must not lose their way out by the change: an endpoint that answers their TLS handshakes before must answer after, or the change is taken back. They are not asked on delete, nor when a replacement has deleted the old thing.",
    );

/** Inputs that say how hosts are reached: nothing on a host is made of them, so they are never outputs. */
export const WAYS_TO_HOSTS = ["connection", "witnesses"] as const;

/** Inputs that are outputs too. */
export function withoutWays<Inputs extends object>(inputs: Inputs): Omit<Inputs, (typeof WAYS_TO_HOSTS)[number]> {
    const ways = new Set<string>(WAYS_TO_HOSTS);
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => !ways.has(name))) as Inputs;
}

/** Output of every resource that changes what a probe may see. */
export const appliedAt = z.iso
    .datetime()
    .describe("When the host was last changed, by the clock of the machine that runs Pulumi: a trigger for probes.");
