import * as pulumi from "@pulumi/pulumi";
import { FUSE_TABLE, fuseTable } from "../network/pullThrough/fuse.ts";
import type { CachedUpstream } from "../network/pullThrough/upstream.ts";
import { NftTable } from "../provider/resources/nftTable.ts";
import type { HostArgs } from "./hosts.ts";

export interface MirrorFuseArgs {
    /** Nodes that pull through the cache. */
    nodes: HostArgs[];
    /** The cache: its address, and its upstreams with their ports. */
    cache: { address: string; upstreams: readonly CachedUpstream[] };
}

/**
 * Lets pulls fall back to the upstream in a second where the cache's host takes packets and answers none: containerd
 * would wait 30 s for it, at every request.
 */
export class MirrorFuse extends pulumi.ComponentResource {
    /** One table for each node. */
    public readonly tables: NftTable[];

    constructor(name: string, args: MirrorFuseArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:MirrorFuse", name, {}, opts);
        const content = fuseTable(args.cache.address, args.cache.upstreams);
        this.tables = args.nodes.map(
            ({ name: node, connection }) =>
                new NftTable(
                    `${name}-${node}`,
                    { connection, family: "inet", table: FUSE_TABLE, content },
                    { parent: this, dependsOn: opts.dependsOn },
                ),
        );
        const addresses = args.nodes.map(
            ({ name: node, connection }) => [node, pulumi.output(connection).host] as const,
        );
        this.registerOutputs({ address: args.cache.address, nodeAddresses: Object.fromEntries(addresses) });
    }
}
