import * as pulumi from "@pulumi/pulumi";

/** A thing of the test plugin. */
export class Thing extends pulumi.CustomResource {
    declare readonly value: pulumi.Output<unknown>;
    declare readonly serial: pulumi.Output<string>;
    declare readonly shout: pulumi.Output<string>;

    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.CustomResourceOptions) {
        super("enginetest:index:Thing", name, { serial: undefined, shout: undefined, ...args }, opts);
    }
}

/** A provider of the test plugin, made by the program. */
export class Provider extends pulumi.ProviderResource {
    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.ResourceOptions) {
        super("enginetest", name, args, opts);
    }
}

/** A component with one thing inside. */
export class Box extends pulumi.ComponentResource {
    readonly inner: Thing;

    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.ComponentResourceOptions) {
        super("enginetest:index:Box", name, {}, opts);
        this.inner = new Thing(`${name}-inner`, args, { parent: this });
        this.registerOutputs({ serial: this.inner.serial });
    }
}
