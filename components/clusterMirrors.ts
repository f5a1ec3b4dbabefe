import * as pulumi from "@pulumi/pulumi";
import type { Cidr } from "../network/cidr.ts";
import { type ClampMode, clampTable, tableFamily } from "../network/clampTable.ts";
import type { BytesPerFamily } from "../network/family.ts";
import { NftTable } from "../provider/resources/nftTable.ts";
import { CLAMP_TABLE } from "./gatewayPath.ts";
import type { NodeArgs } from "./hosts.ts";
import { K3sRegistries } from "./k3sRegistries.ts";
import { MirrorFuse } from "./mirrorFuse.ts";
import { PullThroughRegistry, type PullThroughRegistryArgs } from "./pullThroughRegistry.ts";

/** A cache, and what nodes are told of it. */
export type CacheArgs = PullThroughRegistryArgs & {
    /** Whether to take over a node's registries.yaml that Clearpath did not write. Default: false. */
    adopt?: boolean;
};

export interface ClusterMirrorsArgs {
    nodes: NodeArgs[];
    cache: CacheArgs;
    /** Where every host clamps for itself: what the cache's host clamps to. Left out where a gateway does it for all. */
    clamp?: { mss: pulumi.Input<BytesPerFamily>; mode: pulumi.Input<ClampMode>; subnets: readonly Cidr[] };
}

/** A cache, and the nodes that pull through it: they are sent to it once it holds what it should. */
export class ClusterMirrors extends pulumi.ComponentResource {
    public readonly cache: PullThroughRegistry;
    public readonly registries: K3sRegistries;
    public readonly fuse: MirrorFuse;
    /** `appliedAt` of every resource that changes how nodes pull. As triggers, they make probes run again. */
    public readonly appliedAt: pulumi.Output<string>[];

    constructor(name: string, args: ClusterMirrorsArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections and credentials, which would enter the state as the component's inputs.
        super("clearpath:index:ClusterMirrors", name, {}, opts);
        const { nodes, cache, clamp } = args;

        const ownClamp =
            clamp && cache.placement !== "cluster" ? [clampOf(name, cache, clamp, this, opts.dependsOn)] : [];
        this.cache = new PullThroughRegistry(`${name}-cache`, cache, {
            parent: this,
            dependsOn: ownClamp.length > 0 ? ownClamp : opts.dependsOn,
        });
        const { registries, certificateAuthorities, ready } = this.cache;
        this.fuse = new MirrorFuse(
            `${name}-fuse`,
            { nodes, cache: this.cache },
            { parent: this, dependsOn: opts.dependsOn },
        );
        this.registries = new K3sRegistries(
            `${name}-registries`,
            { nodes, registries, certificateAuthorities, adopt: cache.adopt },
            { parent: this, dependsOn: [...ready, ...this.fuse.tables] },
        );
        this.appliedAt = this.registries.nodes.map(({ appliedAt }) => appliedAt);
        this.registerOutputs({ address: this.cache.address });
    }
}

/** The cache's host sits behind the same path as the nodes, and where no gateway clamps, neither does one for it. */
function clampOf(
    name: string,
    cache: Exclude<PullThroughRegistryArgs, { placement: "cluster" }>,
    { mss, mode, subnets }: NonNullable<ClusterMirrorsArgs["clamp"]>,
    parent: pulumi.Resource,
    dependsOn: pulumi.ResourceOptions["dependsOn"],
): NftTable {
    const content = pulumi.all([mode, mss]).apply(([mode, mss]) => clampTable({ mode, mss, subnets }));
    return new NftTable(
        `${name}-clamp`,
        {
            connection: cache.host.connection,
            family: pulumi.output(mode).apply(tableFamily),
            table: CLAMP_TABLE,
            content,
        },
        { parent, dependsOn },
    );
}
