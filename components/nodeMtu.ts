import * as pulumi from "@pulumi/pulumi";
import { LinkMtu } from "../provider/resources/linkMtu.ts";
import type { NodeArgs } from "./hosts.ts";

export interface NodeMtuArgs {
    nodes: NodeArgs[];
    /** MTU of every node's link, in bytes. */
    mtu: pulumi.Input<number>;
}

/** Gives the nodes' links one MTU, live and at boot, so that they agree with each other and with their bridge. */
export class NodeMtu extends pulumi.ComponentResource {
    /** MTU of the nodes' links, in bytes. */
    public readonly mtu: pulumi.Output<number>;
    /** One resource for each node's link. */
    public readonly links: LinkMtu[];

    constructor(name: string, args: NodeMtuArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:NodeMtu", name, {}, opts);

        this.mtu = pulumi.output(args.mtu);
        this.links = args.nodes.map(
            ({ name: node, connection, link }) =>
                new LinkMtu(
                    `${name}-${node}`,
                    { connection, link, mtu: this.mtu },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );

        this.registerOutputs({ mtu: this.mtu });
    }
}
