import * as pulumi from "@pulumi/pulumi";

/**
 * An error that Pulumi prints as its message alone. It carries no stack: Pulumi formats every stack with colours, and
 * Node's `util.inspect` does not end on a frame in `node_modules/@scope/file`, as Pulumi's source maps name their own.
 */
export function programError(message: string): Error {
    return Object.assign(new pulumi.RunError(message), { stack: undefined });
}
