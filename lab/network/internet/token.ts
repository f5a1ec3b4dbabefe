import { sign, X509Certificate } from "node:crypto";
import type { LabTls } from "./certificates.ts";
import { TOKEN_ISSUER } from "./distribution.ts";

/** Seconds a token is good for; docker.io's own are. */
export const TOKEN_SECONDS = 300;

/** Scope of the Docker token protocol, such as `repository:fluxcd/source-controller:pull,push`. */
interface Access {
    type: string;
    name: string;
    actions: string[];
}

/** What a client that shows no credentials is given of the scopes it asks for: to pull, from anywhere. */
export function anonymousAccess(scopes: readonly string[]): Access[] {
    return scopes
        .flatMap(scope => scope.split(" "))
        .map(scope => /^(repository):(.+):([^:]+)$/.exec(scope))
        .filter(match => match !== null)
        .map(([, type, name, actions]) => ({
            type: type!,
            name: name!,
            actions: actions!.split(",").filter(action => action === "pull"),
        }));
}

/** A JSON web token as docker-registry checks it: signed with ES256, the signer's certificate in its `x5c` header. */
export function registryToken(signer: LabTls["tokenSigner"], service: string, access: Access[], now: Date): string {
    const issuedAt = Math.floor(now.getTime() / 1000);
    const certificate = new X509Certificate(signer.certificate).raw.toString("base64");
    const header = { typ: "JWT", alg: "ES256", x5c: [certificate] };
    const claims = {
        iss: TOKEN_ISSUER,
        sub: "",
        aud: service,
        iat: issuedAt,
        nbf: issuedAt - 60,
        exp: issuedAt + TOKEN_SECONDS,
        jti: `${issuedAt}`,
        access,
    };
    const signed = `${base64url(header)}.${base64url(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: signer.key, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
}

function base64url(value: object): string {
    return Buffer.from(JSON.stringify(value)).toString("base64url");
}
