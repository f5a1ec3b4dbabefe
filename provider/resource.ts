import { z } from "zod";
import { Connection } from "./host/connection.ts";
import type { OperationContext } from "./host/operationContext.ts";
import { Witness } from "./host/witness.ts";

export interface ResourceState<Inputs, Outputs> {
    inputs: Inputs;
    outputs: Outputs;
}

/**
 * What users see of one resource type. The zod schemas are the single source: the TypeScript types, the Pulumi package
 * schema, the reference page and the errors of `check` come from them. Properties marked `.meta({ secret: true })` are
 * secrets. The outputs do not repeat the inputs: the plugin returns both together, without `connection`.
 */
export interface ResourceShape<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject> {
    /** Pulumi type token, e.g. `clearpath:host:LinkMtu`. */
    token: string;
    description: string;
    /** An example id: the host, then the object on it. For the reference page and for `pulumi import`. */
    idExample: string;
    inputs: InputSchema;
    outputs: OutputSchema;
    /** Inputs whose change means another object on the host: the old one is deleted before the new one is created. */
    replaceOn: readonly (keyof z.infer<InputSchema> & string)[];
    /** Inputs whose change alone never causes an update. Inputs that say how hosts are reached never need to be listed. */
    ignoreInDiff?: readonly (keyof z.infer<InputSchema> & string)[];
    /** Outputs that keep their value through an update and so are known at preview. */
    stableOutputs?: readonly (keyof z.infer<OutputSchema> & string)[];
}

/** One resource type of the plugin: its shape, and its operations on the host. */
export interface ResourceKind<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject>
    extends ResourceShape<InputSchema, OutputSchema> {
    /** Checks that the schema cannot express. Each failure names a property path and says what to do. */
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
    /** The id of an object that is kept on a host. Types that keep nothing on a host do not have this. */
    idOf?(inputs: z.infer<InputSchema>): string;
    /** The inputs that an id contains, from the part after the host: for `pulumi import`. */
    inputsFromId?(path: string): Partial<z.infer<InputSchema>> | undefined;
    /** The present state on the host, or undefined when it is gone. `inputs` are returned as the host has them, so drift shows in the diff. */
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
    /** Puts the host back into its former state. A host that no longer exists is not an error. */
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
        "How the host is reached. Another `host` is another machine and replaces the resource. Any other change of the connection alone is never an update.",
    ),
};

/** Outputs of every resource. */
export const hostOutputs = {
    machineId: z.string().describe("The host's machine-id. A different one means that the host was rebuilt."),
    ownerId: z
        .string()
        .describe("Identity of this resource, also kept on the host: Clearpath deletes only what this resource owns."),
};

/** How long commit-confirm waits: an input of every resource whose change could cut its host off. */
export const confirmSeconds = z
    .int()
    .min(10)
    .max(600)
    .default(30)
    .describe(
        "How long the host waits, in seconds, for a new connection to confirm the change before it takes the change back.",
    );

/** Input of every resource whose change could cut off the egress of hosts. */
export const witnesses = z
    .array(Witness)
    .default([])
    .describe(
        "Hosts that must not lose their egress by the change: if an endpoint that answered their TLS handshakes before the change does not answer after it, the change is taken back. They are not asked on delete, nor after a replacement has deleted the old resource.",
    );

/** Inputs that say how hosts are reached. They do not describe the state of a host, so they are never outputs. */
export const WAYS_TO_HOSTS = ["connection", "witnesses"] as const;

/** The inputs that are also outputs. */
export function withoutWays<Inputs extends object>(inputs: Inputs): Omit<Inputs, (typeof WAYS_TO_HOSTS)[number]> {
    const ways = new Set<string>(WAYS_TO_HOSTS);
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => !ways.has(name))) as Inputs;
}

/** Output of every resource whose change may affect a probe's result. */
export const appliedAt = z.iso
    .datetime()
    .describe(
        "When the host was last changed, by the clock of the machine that runs Pulumi. It serves as a trigger for probes.",
    );
