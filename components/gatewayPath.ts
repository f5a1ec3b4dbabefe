import * as pulumi from "@pulumi/pulumi";
import type { Cidr } from "../network/cidr.ts";
import { type ClampMode, clampTable, tableFamily } from "../network/clampTable.ts";
import type { BytesPerFamily, PerFamily } from "../network/family.ts";
import { type MssSetting, mssFor } from "../network/mss.ts";
import type { HostNetworkFacts } from "../network/probe/report.ts";
import { clampModeFor } from "../network/whoRoutes.ts";
import { NftTable } from "../provider/resources/nftTable.ts";
import { type GatewayArgs, type NodeArgs, type ReachedEndpoint, witnessesOf } from "./hosts.ts";

export interface GatewayPathArgs {
    /** The host that the nodes' packets pass. Without it every node clamps for itself. */
    gateway?: GatewayArgs;
    nodes: NodeArgs[];
    /** Subnets of the nodes. */
    nodeSubnets: Cidr[];
    /** Subnets of pods whose packets leave the nodes unmasqueraded. */
    podSubnets?: Cidr[];
    /** Path MTU to the internet, in bytes; null for an IP version that is not known, which is then not clamped. */
    pathMtu: pulumi.Input<BytesPerFamily>;
    /** MSS to clamp to; null for an IP version that is not clamped. Default: `auto`, what the path MTU leaves. */
    mss?: pulumi.Input<MssSetting | BytesPerFamily>;
    /** What gateway and nodes say about their networks: mode `auto` tells from it who routes. */
    gatewayFacts?: pulumi.Input<HostNetworkFacts>;
    nodeFacts?: pulumi.Input<HostNetworkFacts>[];
    /** What a node that reaches it must still reach under the clamp, or the clamp goes again. Default: nothing. */
    endpoints?: ReachedEndpoint[];
}

/** Name of the nftables table on every host that clamps. */
export const CLAMP_TABLE = "clearpath";

/**
 * Keeps the way out of the cluster passable for large packets: TCP's MSS is clamped to what the path carries, in both
 * directions, and the ICMP messages of path MTU discovery are let through.
 */
export class GatewayPath extends pulumi.ComponentResource {
    /** MSS in force for the node subnets, in bytes, per IP version; null where nothing is clamped. */
    public readonly mss: pulumi.Output<BytesPerFamily>;
    /** Where it is clamped. */
    public readonly mode: pulumi.Output<ClampMode>;
    /** Why there, in one sentence. */
    public readonly why: pulumi.Output<string>;
    /** The table on each host that clamps: on the gateway, or on every node. */
    public readonly tables: NftTable[];

    constructor(name: string, args: GatewayPathArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:GatewayPath", name, {}, opts);
        const { gateway, nodes, nodeSubnets, podSubnets = [], gatewayFacts, nodeFacts = [], endpoints = [] } = args;
        const subnets = [...nodeSubnets, ...podSubnets];

        const setting = gateway?.mode ?? "auto";
        const choice = pulumi
            .all([gatewayFacts, pulumi.all(nodeFacts)])
            .apply(([facts, ofNodes]) => clampModeFor(setting, gateway && { name: gateway.name, facts }, ofNodes));
        this.mode = choice.mode;
        this.why = choice.why;
        this.mss = pulumi
            .all([args.pathMtu, args.mss])
            .apply(([pathMtu, setting = "auto"]) => mssFor(setting, pathMtu));

        const clamping =
            gateway && setting !== "nodes"
                ? [{ ...gateway, behind: nodes }]
                : nodes.map(node => ({ ...node, egressLink: node.link, behind: [node] }));
        this.tables = clamping.map(({ name: host, connection, egressLink, behind }) => {
            const content = pulumi
                .all([this.mode, this.mss, gatewayFacts])
                .apply(([mode, mss, facts]) =>
                    clampTable({ mode, mss, subnets, egressLink, uplinks: facts && uplinksOf(facts) }),
                );
            const family = this.mode.apply(tableFamily);
            return new NftTable(
                `${name}-${host}`,
                { connection, family, table: CLAMP_TABLE, content, witnesses: witnessesOf(behind, endpoints) },
                { parent: this, dependsOn: opts.dependsOn },
            );
        });

        this.registerOutputs({
            mss: this.mss,
            mode: this.mode,
            why: this.why,
            subnets,
            gateway: gateway?.name ?? null,
            vmBridge: gateway?.vmBridge ?? null,
        });
    }
}

/** The links of a host's default routes, for each IP version that has one. */
function uplinksOf({ defaultRoute }: HostNetworkFacts): Partial<PerFamily<string>> {
    return Object.fromEntries(Object.entries(defaultRoute).map(([family, { link }]) => [family, link]));
}
