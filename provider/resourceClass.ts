import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ResourceShape, WAYS_TO_HOSTS } from "./resource.ts";
import { elementOf, isSecret, objectShape } from "./schemaOf.ts";
import { version } from "./version.ts";

/** A value, or a Pulumi output of it, at every level. */
export type DeepInput<T> = pulumi.Input<
    T extends readonly (infer Element)[]
        ? DeepInput<Element>[]
        : T extends object
          ? { [Key in keyof T]: DeepInput<T[Key]> }
          : T
>;

/** Constructor arguments of a resource, from the zod schema of its inputs. */
export type ArgsOf<InputSchema extends z.ZodObject> = {
    [Key in keyof z.input<InputSchema>]: DeepInput<z.input<InputSchema>[Key]>;
};

/** Output properties of a resource: its inputs without connections, and what the host answered. */
export type OutputsOf<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject> = {
    readonly [Key in Exclude<keyof z.output<InputSchema>, (typeof WAYS_TO_HOSTS)[number]>]: pulumi.Output<
        z.output<InputSchema>[Key]
    >;
} & { readonly [Key in keyof z.output<OutputSchema>]: pulumi.Output<z.output<OutputSchema>[Key]> };

export interface ResourceClass<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject> {
    new (
        name: string,
        args: ArgsOf<InputSchema>,
        opts?: pulumi.CustomResourceOptions,
    ): pulumi.CustomResource & OutputsOf<InputSchema, OutputSchema>;
    /** Whether a resource is of this type; also for one that a policy sees or that another copy of this package made. */
    isInstance(value: unknown): value is pulumi.CustomResource & OutputsOf<InputSchema, OutputSchema>;
}

/** Makes the class that programs construct: `export class File extends resourceClass(file) {}`. */
export function resourceClass<InputSchema extends z.ZodObject, OutputSchema extends z.ZodObject>(
    shape: ResourceShape<InputSchema, OutputSchema>,
): ResourceClass<InputSchema, OutputSchema> {
    const outputs = Object.keys(shape.outputs.shape);
    const secretOutputs = outputs.filter(name => isSecret(shape.outputs.shape[name]));

    class Resource extends pulumi.CustomResource {
        static readonly __pulumiType = shape.token;

        static override isInstance(value: unknown): value is Resource {
            return (value as { __pulumiType?: unknown } | null | undefined)?.__pulumiType === shape.token;
        }

        constructor(name: string, args: ArgsOf<InputSchema>, opts: pulumi.CustomResourceOptions = {}) {
            const unknownUntilMade = Object.fromEntries(outputs.map(output => [output, undefined]));
            const defaults = { version, additionalSecretOutputs: secretOutputs };
            super(
                shape.token,
                name,
                { ...unknownUntilMade, ...withSecrets(shape.inputs, args) },
                pulumi.mergeOptions(defaults, opts),
            );
        }
    }
    return Resource as unknown as ResourceClass<InputSchema, OutputSchema>;
}

/** Wraps the properties that the schema marks as secret, at every level, so that no state has them in plain text. */
function withSecrets(schema: z.ZodObject, values: object): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, withSecret(schema.shape[name], value)]),
    );
}

function withSecret(schema: z.core.$ZodType | undefined, value: unknown): unknown {
    if (value === undefined || value === null || schema === undefined) return value;
    if (isSecret(schema)) return pulumi.secret(value);
    const nested = objectShape(schema);
    const element = elementOf(schema);
    if (nested === undefined && element === undefined) return value;
    if (pulumi.Output.isInstance(value) || value instanceof Promise)
        return pulumi.output(value).apply(inner => pulumi.output(withSecret(schema, inner)));
    if (typeof value !== "object") return value;
    if (nested !== undefined) return withSecrets(nested, value);
    if (Array.isArray(value)) return value.map(inner => withSecret(element, inner));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withSecret(element, inner)]));
}
