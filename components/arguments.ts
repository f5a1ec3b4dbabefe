import { z } from "zod";
import type { Connection } from "../provider/host/connection.ts";
import type { DeepInput } from "../provider/resourceClass.ts";

/** How a host is reached by SSH: the shape of `remote.ConnectionArgs` in `@pulumi/command`, and a little more. */
export type ConnectionArgs = DeepInput<z.input<typeof Connection>>;

/**
 * What a program writes where a stack's configuration has these settings: the same keys and values. A connection, at any
 * level, may hold outputs, since its parts often come from other resources.
 */
export type ProgramArgs<Settings> = Settings extends readonly (infer Element)[]
    ? ProgramArgs<Element>[]
    : Settings extends object
      ? { [Key in keyof Settings]: Key extends "connection" ? ConnectionArgs : ProgramArgs<Settings[Key]> }
      : Settings;

/** The same arguments, of which those with these names may be outputs. */
export type WithOutputs<Args, Names extends keyof Args> = Omit<Args, Names> & {
    [Key in keyof Pick<Args, Names>]: DeepInput<Exclude<Args[Key], undefined>>;
};

type KeysWithDefault<Schema extends z.ZodObject> = {
    [Key in keyof Schema["shape"]]: Schema["shape"][Key] extends z.ZodDefault ? Key : never;
}[keyof Schema["shape"]];

/** Arguments in which nothing is absent that the schema has a default for. */
export type Complete<Schema extends z.ZodObject, Args> = Args & {
    [Key in KeysWithDefault<Schema> & keyof Args]-?: Exclude<Args[Key], undefined>;
};

/**
 * The arguments, with the schema's default for each one that is absent. The values are not checked, because they may be
 * outputs: the resources check them.
 */
export function withDefaults<Schema extends z.ZodObject, Args extends object>(
    schema: Schema,
    args: Args,
): Complete<Schema, Args> {
    const defaults = Object.entries(schema.shape).flatMap(([key, field]) =>
        field instanceof z.ZodDefault ? [[key, field.def.defaultValue]] : [],
    );
    const given = Object.entries(args).filter(([, value]) => value !== undefined);
    return Object.fromEntries([...defaults, ...given]) as Complete<Schema, Args>;
}
