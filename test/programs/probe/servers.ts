import "reflect-metadata";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import {
    BasicConstraintsExtension,
    SubjectAlternativeNameExtension,
    type X509Certificate,
    X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate for localhost, and the CA that a client has to trust for it. */
export interface TestTls {
    ca: string;
    cert: string;
    key: string;
}

const ALGORITHM = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
};
const DAY_MS = 86_400_000;

/** Makes a CA and a certificate of it for `localhost`. */
export async function testTls(): Promise<TestTls> {
    const caKeys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const notBefore = new Date(Date.now() - DAY_MS);
    const notAfter = new Date(Date.now() + DAY_MS);
    const ca: X509Certificate = await X509CertificateGenerator.createSelfSigned({
        name: "CN=Test CA",
        keys: caKeys,
        notBefore,
        notAfter,
        signingAlgorithm: ALGORITHM,
        extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    const cert = await X509CertificateGenerator.create({
        subject: "CN=localhost",
        issuer: ca.subject,
        publicKey: keys.publicKey,
        signingKey: caKeys.privateKey,
        notBefore,
        notAfter,
        signingAlgorithm: ALGORITHM,
        extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
    });
    const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return {
        ca: ca.toString("pem"),
        cert: cert.toString("pem"),
        key: `-----BEGIN PRIVATE KEY-----\n${key.match(/.{1,64}/g)!.join("\n")}\n-----END PRIVATE KEY-----\n`,
    };
}

/** A server on a free port of localhost, in both IP versions where the machine has them. */
export interface TestServer {
    port: number;
    close(): void;
}

async function listening(server: Server): Promise<TestServer> {
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port: 0, host: "127.0.0.1" }, resolve);
    });
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

export function httpsServer(
    { cert, key }: TestTls,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
    return listening(createHttpsServer({ cert, key }, answer));
}

/** Accepts connections, reads what comes, and never says a word. */
export function silentServer(): Promise<TestServer> {
    return listening(createServer(socket => socket.on("error", () => {}).resume()));
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
    const server = createServer();
    const { port } = await listening(server);
    await new Promise(resolve => server.close(resolve));
    return port;
}

/** A registry with token authentication that holds one image of one layer, and the requests it got. */
export async function testRegistry(
    tls: TestTls,
): Promise<TestServer & { image: string; requests: string[]; queries: string[] }> {
    const blobs = new Map<string, Buffer>();
    const add = (content: Buffer) => {
        const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
        blobs.set(`/v2/team/app/blobs/${digest}`, content);
        return { digest, size: content.length };
    };
    const manifest = JSON.stringify({
        schemaVersion: 2,
        config: add(Buffer.from("{}")),
        layers: [add(Buffer.alloc(300_000, 7))],
    });
    const requests: string[] = [];
    const queries: string[] = [];
    const server = await httpsServer(tls, (request, response) => {
        const { pathname, search } = new URL(request.url!, "https://localhost");
        queries.push(search);
        requests.push(`${request.method} ${pathname}`);
        if (pathname === "/token") return void response.end(JSON.stringify({ token: "letmein" }));
        if (request.headers.authorization !== "Bearer letmein") {
            const realm = `https://localhost:${server.port}/token`;
            response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="test"` });
            return void response.end();
        }
        if (pathname === "/v2/team/app/manifests/1")
            return void response.end(request.method === "HEAD" ? "" : manifest);
        const moved = pathname.replace("/elsewhere", "");
        const blob = blobs.get(moved);
        if (!blob) return void response.writeHead(404).end();
        if (moved === pathname) return void response.writeHead(307, { location: `/elsewhere${pathname}` }).end();
        response.end(blob);
    });
    return { ...server, image: `localhost:${server.port}/team/app:1`, requests, queries };
}
