import { posix } from "node:path";
import { z } from "zod";
import { Mirror, type Registries, RegistryAuth, RegistryTls } from "./schema.ts";

/** Directory on a node that certificate authorities are written to. */
export const CA_DIRECTORY = "/etc/rancher/k3s/registries-ca";

/** Name of a certificate authority, which is the name of its file as well. */
export const CaName = z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, "must be a name of letters, digits and dashes, such as cache");

/** TLS settings, with a certificate authority by its name in place of a path. */
export const TlsArgs = RegistryTls.extend({
    ca: CaName.optional().describe("Name of one of `certificateAuthorities`, instead of `ca_file`."),
});

/** What is needed to talk to one registry. */
export const RegistryConfigArgs = z.strictObject({
    auth: RegistryAuth.optional().describe("Credentials. A change of them needs a restart of K3s."),
    tls: TlsArgs.optional().describe("TLS settings."),
});

/** A node's registries as programs give them: K3s's registries.yaml, in which `tls.ca` may name what is distributed. */
export const RegistriesArgs = z.strictObject({
    mirrors: z
        .record(z.string(), Mirror)
        .optional()
        .describe("By the registry's name in image references, e.g. `docker.io`; the upstream stays last by itself."),
    configs: z
        .record(z.string(), RegistryConfigArgs)
        .optional()
        .describe("By `host` or `host:port` as it stands in an endpoint, without scheme or path."),
});
export type RegistriesArgs = z.infer<typeof RegistriesArgs>;

/** Path on a node of a certificate authority. */
export function caFile(name: string): string {
    return posix.join(CA_DIRECTORY, `${name}.crt`);
}

/** What a node's registries.yaml says for these arguments. */
export function registriesOf({ mirrors, configs }: RegistriesArgs): Registries {
    return {
        mirrors,
        configs: withTls(configs, ({ ca, ...tls }) => (ca === undefined ? tls : { ...tls, ca_file: caFile(ca) })),
    };
}

/** The arguments that make a registries.yaml: `registriesOf`, turned around. */
export function argsOfRegistries({ mirrors, configs }: Registries): RegistriesArgs {
    return {
        mirrors,
        configs: withTls(configs, ({ ca_file, ...tls }) => {
            const ca = ca_file === undefined ? undefined : caOfFile(ca_file);
            return { ...tls, ...(ca === undefined ? ca_file !== undefined && { ca_file } : { ca }) };
        }),
    };
}

function caOfFile(path: string): string | undefined {
    const name = posix.basename(path, ".crt");
    return path === caFile(name) && CaName.safeParse(name).success ? name : undefined;
}

/** Configurations with other TLS settings. */
function withTls<Before, After>(
    configs: Record<string, { auth?: RegistryAuth; tls?: Before }> | undefined,
    change: (tls: Before) => After,
): Record<string, { auth?: RegistryAuth; tls?: After }> | undefined {
    if (configs === undefined) return undefined;
    return Object.fromEntries(
        Object.entries(configs).map(([host, { auth, tls }]) => [
            host,
            { ...(auth !== undefined && { auth }), ...(tls !== undefined && { tls: change(tls) }) },
        ]),
    );
}
