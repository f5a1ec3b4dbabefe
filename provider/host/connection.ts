import { z } from "zod";

const secret = { secret: true };

const endpoint = {
    host: z.string().min(1).describe("Address or name of the host."),
    port: z.int().min(1).max(65535).default(22).describe("TCP port of its SSH server."),
    user: z
        .string()
        .min(1)
        .default("root")
        .describe("User to log in as. One who is not root needs sudo without a password."),
    password: z.string().optional().describe("Password of the user.").meta(secret),
    privateKey: z.string().optional().describe("Text of a private key. It enters the state, as a secret.").meta(secret),
    privateKeyPath: z
        .string()
        .optional()
        .describe("File of a private key on the machine that runs Pulumi, so that the key never enters the state."),
    privateKeyPassword: z.string().optional().describe("Passphrase of the private key.").meta(secret),
    agentSocketPath: z.string().optional().describe("Socket of an SSH agent. Default: `SSH_AUTH_SOCK`."),
    hostKey: z
        .string()
        .optional()
        .describe("The host's public key, as in `/etc/ssh/ssh_host_ed25519_key.pub`. Several are given one a line."),
    knownHostsPath: z
        .string()
        .optional()
        .describe("known_hosts file that holds the host's key. Default: `~/.ssh/known_hosts`."),
    hostKeyCommand: z
        .string()
        .optional()
        .describe(
            "Shell command, run where Pulumi runs, that prints the host's present public key: for hosts that get rebuilt. It finds the host in `CLEARPATH_HOST` and the port in `CLEARPATH_PORT`.",
        ),
    insecureIgnoreHostKey: z
        .boolean()
        .optional()
        .describe("Accepts any host key: whoever answers gets the password and root's commands."),
    dialErrorLimit: z
        .int()
        .min(-1)
        .default(1)
        .describe("How often connecting is tried before it counts as failed; -1: until cancelled."),
    perDialTimeout: z.int().min(1).max(600).default(15).describe("Longest wait of one try, in seconds."),
};

/** A host on the way to another, as OpenSSH's ProxyJump. */
export const JumpHost = z.strictObject(endpoint);

/**
 * How a host is reached by SSH: the shape of `remote.ConnectionArgs` in `@pulumi/command`, so that one object serves
 * both, and what is needed beyond it to verify the host's key. The key is looked for in `hostKey`, then
 * `hostKeyCommand`, then the known_hosts file.
 */
export const Connection = z.strictObject({
    ...endpoint,
    proxy: JumpHost.optional().describe("Host to connect through."),
});
export type JumpHost = z.infer<typeof JumpHost>;
export type Connection = z.infer<typeof Connection>;

/** Prefix of every resource id: says which host it is on, so that `pulumi import` needs nothing but the id. */
export function hostOfConnection(connection: Pick<Connection, "user" | "host" | "port">): string {
    const host = connection.host.includes(":") ? `[${connection.host}]` : connection.host;
    return `${connection.user}@${host}:${connection.port}`;
}
