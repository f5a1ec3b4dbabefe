import type { z } from "zod";
import type { ClampModeSetting } from "../network/whoRoutes.ts";
import type { Connection } from "../provider/host/connection.ts";
import type { DeepInput } from "../provider/resourceClass.ts";

/** A service that hosts are to reach, by host name and TCP port. */
export interface ReachedEndpoint {
    host: string;
    port: number;
}

/** How a host is reached by SSH: the shape of `remote.ConnectionArgs` in `@pulumi/command`, and a little more. */
export type ConnectionArgs = DeepInput<z.input<typeof Connection>>;

/** A host and the name it has in resources, reports and verdicts. */
export interface HostArgs {
    name: string;
    connection: ConnectionArgs;
}

/** A node of the cluster. */
export interface NodeArgs extends HostArgs {
    role: "server" | "agent";
    /** The node's link towards its gateway, e.g. `eth0`. */
    link: string;
}

/** The host between the nodes and the internet: on Proxmox, the Proxmox host. */
export interface GatewayArgs extends HostArgs {
    /** Where to clamp. Default: `auto`. */
    mode?: ClampModeSetting;
    /** The host's link towards the internet. Default: whatever leads out of the node subnets. */
    egressLink?: string;
    /** The bridge that the nodes are ports of. Default: found by the MAC address of their gateway. */
    vmBridge?: string;
}

/** Where a host's connection goes, where that is known before anything is made. */
export function plainHost({ connection }: HostArgs): string | undefined {
    const host = typeof connection === "object" && "host" in connection ? connection.host : undefined;
    return typeof host === "string" ? host : undefined;
}

/** Hosts that must not lose the endpoints by a change. */
export function witnessesOf(hosts: readonly HostArgs[], endpoints: readonly ReachedEndpoint[]) {
    return endpoints.length === 0
        ? []
        : hosts.map(({ name, connection }) => ({ name, connection, endpoints: [...endpoints] }));
}
