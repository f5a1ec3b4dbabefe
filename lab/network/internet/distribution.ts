import type { InternetHost } from "../topology.ts";
import { REGISTRIES } from "./hosts.ts";

/** Debian's package of the CNCF registry, version 2.8. */
export const REGISTRY_PROGRAM = "/usr/bin/docker-registry";

/** Who signs tokens, as registries and token services both name it. */
export const TOKEN_ISSUER = "Clearpath Lab Tokens";

export interface RegistryConfigOptions {
    /** Directory that holds the registries' storage, one directory each. */
    storage: string;
    /** File with the certificate of the token signer; left out, everyone may read and write. */
    tokenCertificate?: string;
}

/** The configuration file of one docker-registry, as JSON, which YAML readers take. */
export function registryConfig(host: InternetHost, { storage, tokenCertificate }: RegistryConfigOptions): string {
    const { port, token } = REGISTRIES[host]!;
    return JSON.stringify({
        version: "0.1",
        log: { level: "error", accesslog: { disabled: true } },
        storage: {
            filesystem: { rootdirectory: `${storage}/${host}` },
            cache: { blobdescriptor: "inmemory" },
            maintenance: {
                uploadpurging: { enabled: false },
                readonly: { enabled: tokenCertificate !== undefined },
            },
        },
        http: { addr: `127.0.0.1:${port}`, relativeurls: true, secret: "lab" },
        auth:
            token && tokenCertificate
                ? {
                      token: {
                          realm: `https://${token.host}${token.path}`,
                          service: token.service,
                          issuer: TOKEN_ISSUER,
                          rootcertbundle: tokenCertificate,
                      },
                  }
                : undefined,
    });
}

/** Resolves once the docker-registry of a host answers, or throws when it has not after ten seconds. */
export async function registryAnswers(host: InternetHost): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
        const answer = await fetch(`http://127.0.0.1:${REGISTRIES[host]!.port}/v2/`).catch(() => undefined);
        if (answer) return await answer.body?.cancel();
        if (Date.now() > deadline) throw new Error(`The docker-registry of ${host} does not answer after 10 s.`);
        await new Promise(resolve => setTimeout(resolve, 10));
    }
}
