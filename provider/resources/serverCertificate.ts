import { randomUUID } from "node:crypto";
import { z } from "zod";
import { resourceKind } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const secret = { secret: true };
const DAY_MS = 24 * 3600 * 1000;
/** A certificate is renewed by the first `up` in which it is valid for less than this time. */
const RENEWED_BEFORE_MS = 60 * DAY_MS;
/** The authority is valid longer than what it signs, so that clients trust it through a renewal. */
const AUTHORITY_DAYS = 7300;

const inputs = z.strictObject({
    authority: z.string().min(1).max(64).describe("Name of the private certificate authority, as clients show it."),
    names: z
        .array(z.string().min(1))
        .min(1)
        .describe("DNS names and IP addresses that clients use to reach the server. The first is its common name."),
    validDays: z.int().min(1).max(3650).default(3650).describe("Days that the server's certificate is valid for."),
});

const outputs = z.object({
    ownerId: z.string().describe("Identity of this resource."),
    caCertificate: z.string().describe("The authority's certificate, PEM: what clients must trust."),
    caPrivateKey: z.string().describe("The authority's private key, PEM.").meta(secret),
    certificate: z.string().describe("The server's certificate, PEM."),
    privateKey: z.string().describe("The server's private key, PEM.").meta(secret),
    notAfter: z.string().describe("When the server's certificate expires. An `up` in its last 60 days renews it."),
    caNotAfter: z.string().describe("When the authority's certificate expires."),
});

type Inputs = z.infer<typeof inputs>;
type Outputs = z.infer<typeof outputs>;

export const serverCertificate = resourceKind({
    token: "clearpath:tls:ServerCertificate",
    description:
        "A server's certificate and the private authority that signs it. They are made on the machine that runs Pulumi, are kept in its state with the keys as secrets, and stay the same from run to run. When the names change or the certificate is about to expire, the same authority signs a new one.",
    idExample: "server-certificate/2b1c0f0e-8a55-4a43-9d5d-1f6a6a3f6c1e",
    inputs,
    outputs,
    replaceOn: ["authority"],
    stableOutputs: ["ownerId", "caCertificate", "caPrivateKey", "caNotAfter"],
    stale: ({ outputs: { notAfter } }) => (Date.parse(notAfter) - Date.now() < RENEWED_BEFORE_MS ? ["notAfter"] : []),
    async create(_context, inputs) {
        const { newAuthority } = await tls();
        const ownerId = randomUUID();
        const authority = await newAuthority(inputs.authority, inDays(AUTHORITY_DAYS));
        const outputs = await sign(inputs, {
            ownerId,
            caCertificate: authority.certificate,
            caPrivateKey: authority.privateKey,
            caNotAfter: authority.notAfter,
        });
        return { id: `server-certificate/${ownerId}`, outputs };
    },
    async read(_context, _id, state) {
        return state;
    },
    update: (_context, _id, olds, news) => sign(news, olds.outputs),
    async delete() {
        // It is kept in the state alone.
    },
});

/** A server's certificate and the private authority that signs it; the keys are secrets of the state. */
export class ServerCertificate extends resourceClass(serverCertificate) {}

type Authority = Pick<Outputs, "ownerId" | "caCertificate" | "caPrivateKey" | "caNotAfter">;

async function sign({ names, validDays }: Inputs, authority: Authority): Promise<Outputs> {
    const { newServerCertificate } = await tls();
    const { ownerId, caCertificate, caPrivateKey, caNotAfter } = authority;
    const server = await newServerCertificate(
        { certificate: caCertificate, privateKey: caPrivateKey },
        names,
        inDays(validDays),
    );
    return { ownerId, caCertificate, caPrivateKey, caNotAfter, ...server };
}

/** Loaded when it is needed: programs construct the class and sign nothing. */
function tls() {
    return import("../tls/authority.ts");
}

function inDays(days: number): Date {
    return new Date(Date.now() + days * DAY_MS);
}
