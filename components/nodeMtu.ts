import * as pulumi from "@pulumi/pulumi";
import { LinkMtu } from "../provider/resources/linkMtu.ts";
import { type NodeArgs, type ReachedEndpoint, witnessesOf } from "./hosts.ts";

export interface NodeMtuArgs {
    nodes: NodeArgs[];
    /** MTU of every node's link, in bytes. */
    mtu: pulumi.Input<number>;
    /** What a node that reaches it must still reach with its new MTU, or the old one comes back. Default: nothing. */
    endpoints?: ReachedEndpoint[];
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
        this.links = args.nodes.map(node => {
            const { connection, link } = node;
            const witnesses = witnessesOf([node], args.endpoints ?? []);
            return new LinkMtu(
                `${name}-${node.name}`,
                { connection, link, mtu: this.mtu, witnesses },
                { parent: this, dependsOn: opts.dependsOn },
            );
        });

        this.registerOutputs({ mtu: this.mtu });
    }
}
