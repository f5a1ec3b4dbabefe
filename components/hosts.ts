import type { z } from "zod";
import type { ConnectionArgs, ProgramArgs } from "./arguments.ts";
import type { GatewaySettings, NodeSettings } from "./config/config.ts";

/** A service that hosts are to reach, by host name and TCP port. */
export interface ReachedEndpoint {
    host: string;
    port: number;
}

/** A host and the name it has in resources, reports and verdicts. */
export interface HostArgs {
    name: string;
    connection: ConnectionArgs;
}

/** A node of the cluster. */
export type NodeArgs = ProgramArgs<z.output<typeof NodeSettings>>;

/** The host between the nodes and the internet: on Proxmox, the Proxmox host. */
export type GatewayArgs = ProgramArgs<z.input<typeof GatewaySettings>> & { name: string };

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
