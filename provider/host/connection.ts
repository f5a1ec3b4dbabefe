import { z } from "zod";

const secret = { secret: true };

const endpoint = {
    host: z.string().min(1).describe("IP address or name of the host."),
    port: z.int().min(1).max(65535).default(22).describe("TCP port of its SSH server."),
    user: z
        .string()
        .min(1)
        .default("root")
        .describe("User to log in as. A user other than root needs sudo without a password."),
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
        .describe(
            "The host's public key, as in `/etc/ssh/ssh_host_ed25519_key.pub`. Several keys go on one line each.",
        ),
    knownHostsPath: z
        .string()
        .optional()
        .describe("known_hosts file that holds the host's key. Default: `~/.ssh/known_hosts`."),
    hostKeyCommand: z
        .string()
        .optional()
        .describe(
            "Shell command that prints the host's present public key, for hosts that are rebuilt. It runs on the machine that runs Pulumi, with the host in `CLEARPATH_HOST` and the port in `CLEARPATH_PORT`.",
        ),
    insecureIgnoreHostKey: z
        .boolean()
        .optional()
        .describe("Accepts any host key. Any machine that answers then gets the password and the commands for root."),
    dialErrorLimit: z
        .int()
        .min(-1)
        .default(1)
        .describe("How often Clearpath tries to connect before it gives up; -1: until the run is cancelled."),
    perDialTimeout: z.int().min(1).max(600).default(15).describe("Longest wait of one try, in seconds."),
};

/** A host on the way to another, as OpenSSH's ProxyJump. */
export const JumpHost = z.strictObject(endpoint);

/**
 * How a host is reached by SSH. It has the shape of `remote.ConnectionArgs` in `@pulumi/command`, so that one object
 * serves both, and more properties that verify the host's key. The key is looked up in `hostKey`, then with
 * `hostKeyCommand`, then in the known_hosts file.
 */
export const Connection = z.strictObject({
    ...endpoint,
    proxy: JumpHost.optional().describe("Host to connect through."),
});
export type JumpHost = z.infer<typeof JumpHost>;
export type Connection = z.infer<typeof Connection>;

/** Prefix of every resource id. It names the host, so that `pulumi import` needs nothing but the id. */
export function hostOfConnection(connection: Pick<Connection, "user" | "host" | "port">): string {
    const host = connection.host.includes(":") ? `[${connection.host}]` : connection.host;
    return `${connection.user}@${host}:${connection.port}`;
}
