import { z } from "zod";

const secret = { secret: true };

/** Where images of one registry are pulled from before the registry itself is asked. */
export const Mirror = z.strictObject({
    endpoint: z
        .array(z.string())
        .optional()
        .describe("Registries to try in this order, as `https://host:port`; the upstream is tried last by itself."),
    rewrite: z
        .record(z.string(), z.string())
        .optional()
        .describe(
            "Regular expression to replacement, applied to the repository's name at each endpoint, never upstream.",
        ),
});
export type Mirror = z.infer<typeof Mirror>;

/** Credentials for one registry. They end up in containerd's config.toml, so a change needs a restart of K3s. */
export const RegistryAuth = z.strictObject({
    username: z.string().optional().describe("User name."),
    password: z.string().optional().describe("Password or access token of the user.").meta(secret),
    auth: z.string().optional().describe("base64 of `username:password`, instead of the two.").meta(secret),
    identity_token: z
        .string()
        .optional()
        .describe("OAuth2 refresh token, exchanged for access tokens at the registry.")
        .meta(secret),
});
export type RegistryAuth = z.infer<typeof RegistryAuth>;

/** How the TLS connection to one registry is made. Paths are paths on the node. */
export const RegistryTls = z.strictObject({
    ca_file: z.string().optional().describe("Absolute path of the CA certificates to trust besides the system's, PEM."),
    cert_file: z.string().optional().describe("Absolute path of the client certificate, PEM."),
    key_file: z.string().optional().describe("Absolute path of the client certificate's key, PEM."),
    insecure_skip_verify: z.boolean().optional().describe("Accept any certificate, also an attacker's."),
});
export type RegistryTls = z.infer<typeof RegistryTls>;

/** What is needed to talk to one registry. */
export const RegistryConfig = z.strictObject({
    auth: RegistryAuth.optional().describe("Credentials."),
    tls: RegistryTls.optional().describe("TLS settings."),
});
export type RegistryConfig = z.infer<typeof RegistryConfig>;

/** K3s's registries.yaml. Keys are spelt as in the file (rancher/wharfie, pkg/registries/types.go). */
export const Registries = z.strictObject({
    mirrors: z
        .record(z.string(), Mirror)
        .optional()
        .describe("By the registry's name in image references, e.g. `docker.io`; `*` stands for all not named."),
    configs: z
        .record(z.string(), RegistryConfig)
        .optional()
        .describe("By `host` or `host:port` as it stands in an endpoint, without scheme or path."),
});
export type Registries = z.infer<typeof Registries>;
