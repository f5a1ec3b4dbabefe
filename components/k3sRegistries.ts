import * as pulumi from "@pulumi/pulumi";
import type { RegistriesArgs } from "../network/registries/args.ts";
import type { DeepInput } from "../provider/resourceClass.ts";
import { Registries } from "../provider/resources/registries.ts";
import type { NodeArgs } from "./hosts.ts";

export interface K3sRegistriesArgs {
    nodes: Pick<NodeArgs, "name" | "role" | "connection">[];
    /** What every node's registries.yaml says. `tls.ca` names one of the certificate authorities. */
    registries: DeepInput<RegistriesArgs>;
    /** Certificates in PEM, by name. They are written to every node. */
    certificateAuthorities?: Record<string, pulumi.Input<string>>;
    /** Whether to take over a registries.yaml that Clearpath did not write. Clearpath keeps a copy and puts it back on destroy. Default: false. */
    adopt?: boolean;
    /** Agents that may be restarted at the same time. Servers are always restarted one at a time. Default: 1. */
    maxUnavailable?: number;
    /** Longest wait for a node to come back after a restart, in seconds. Default: 120. */
    readySeconds?: number;
    /** Text of a kubeconfig. With it, a restarted node must be Ready in the cluster before the next node restarts. */
    kubeconfig?: pulumi.Input<string>;
}

/**
 * Gives every node of the cluster the same registries. Most changes take effect at the next pull; where one needs a
 * restart of K3s, the nodes take turns: the servers one at a time, then the agents, `maxUnavailable` at a time. A node
 * that does not come back is restored and ends the roll-out.
 */
export class K3sRegistries extends pulumi.ComponentResource {
    /** One resource for each node, in the order of their turns. */
    public readonly nodes: Registries[];

    constructor(name: string, args: K3sRegistriesArgs, opts: pulumi.ComponentResourceOptions = {}) {
        const { nodes, maxUnavailable = 1, ...shared } = args;
        const order = turns(nodes, maxUnavailable);
        // The arguments hold connections and credentials, which would enter the state as the component's inputs.
        super("clearpath:index:K3sRegistries", name, {}, opts);

        this.nodes = [];
        let dependsOn = opts.dependsOn;
        for (const turn of order) {
            const made = turn.map(
                ({ name: node, connection }) =>
                    new Registries(`${name}-${node}`, { connection, ...shared }, { parent: this, dependsOn }),
            );
            this.nodes.push(...made);
            dependsOn = made;
        }

        this.registerOutputs({ nodes: nodes.map(node => node.name), maxUnavailable });
    }
}

/** Nodes whose turn it is together. */
function turns<Node extends Pick<NodeArgs, "role">>(nodes: readonly Node[], maxUnavailable: number): Node[][] {
    if (!Number.isInteger(maxUnavailable) || maxUnavailable < 1)
        throw new RangeError(`maxUnavailable of K3sRegistries is ${maxUnavailable}. Give a whole number from 1 up.`);
    const servers = nodes.filter(({ role }) => role === "server");
    const agents = nodes.filter(({ role }) => role === "agent");
    const batches = Array.from({ length: Math.ceil(agents.length / maxUnavailable) }, (_, index) =>
        agents.slice(index * maxUnavailable, (index + 1) * maxUnavailable),
    );
    return [...servers.map(server => [server]), ...batches];
}
