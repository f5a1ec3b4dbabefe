import { z } from "zod";
import { Connection } from "../host/connection.ts";
import type { Properties } from "./values.ts";

/**
 * What the plugin takes from the stack's configuration: `ssh`, `sshPassword` and `sshPrivateKey`, which the program
 * merges into each connection. Only `pulumi import` needs them here, where a resource has an id and nothing else.
 * Everything else under `clearpath:` belongs to the program.
 */
export interface Configuration {
    connectionDefaults: Properties;
}

export function configurationFrom(args: Properties): Configuration {
    const { ssh, sshPassword, sshPrivateKey } = args;
    return {
        connectionDefaults: {
            ...(typeof ssh === "string" ? jsonObject(ssh) : (ssh as Properties | undefined)),
            ...(typeof sshPassword === "string" && { password: sshPassword }),
            ...(typeof sshPrivateKey === "string" && { privateKey: sshPrivateKey }),
        },
    };
}

/** Objects in a provider's configuration come as JSON text. */
function jsonObject(text: string): Properties {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === "object" && value !== null ? (value as Properties) : {};
    } catch {
        return {};
    }
}

/** Splits an id such as `root@10.27.27.11:22/link/eth0`. Throws an error that shows what ids look like. */
export function parseId(id: string, { connectionDefaults }: Configuration): { connection: Connection; path: string } {
    const parts = /^([^@/]+)@(?:\[([^\]]+)\]|([^:/]+)):(\d+)(\/.+)$/.exec(id);
    if (parts === null)
        throw new Error(
            `"${id}" is not an id of Clearpath. Give user, host, port and object, as in root@10.27.27.11:22/link/eth0.`,
        );
    const [, user, ipv6, host, port, path] = parts;
    const connection = Connection.safeParse({ ...connectionDefaults, user, host: ipv6 ?? host, port: Number(port) });
    if (!connection.success) throw new Error(`"${id}" is not an id of Clearpath: ${z.prettifyError(connection.error)}`);
    return { connection: connection.data, path: path! };
}
