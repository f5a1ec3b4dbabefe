import { createHmac, timingSafeEqual } from "node:crypto";
import type { InternetHost } from "../topology.ts";
import type { LabTls } from "./certificates.ts";
import { REDIRECTS, REGISTRIES, type Redirect, type RegistryHost } from "./hosts.ts";
import { askStatus, passOn } from "./proxy.ts";
import { answerJson, answerRedirect, type Exchange, type Site } from "./site.ts";
import { anonymousAccess, registryToken, TOKEN_SECONDS } from "./token.ts";

/** What a host of the container world serves: a registry's API, a token service, blobs, or redirects to another. */
export function registrySite(host: InternetHost, tls: LabTls): Site {
    const registry = REGISTRIES[host];
    const redirect = REDIRECTS[host];
    const tokens = Object.values(REGISTRIES).find(({ token }) => token?.host === host)?.token;
    const stored = Object.values(REGISTRIES).find(({ blobs }) => blobs === host);
    return exchange => {
        const { pathname } = exchange.url;
        const isApi = pathname.startsWith("/v2/");
        if (tokens?.path === pathname) serveToken(exchange, tokens.service, tls);
        else if (stored) serveBlob(exchange, stored, tls);
        else if (redirect && isApi) sendOn(exchange, redirect);
        else if (registry && isApi) serveRegistry(exchange, registry, tls);
        else answerJson(exchange, 404, { errors: [{ code: "NOT_FOUND", message: "page not found" }] });
    };
}

function serveToken(exchange: Exchange, service: string, tls: LabTls): void {
    const now = new Date();
    const access = anonymousAccess(exchange.url.searchParams.getAll("scope"));
    const token = registryToken(tls.tokenSigner, service, access, now);
    const body = { token, access_token: token, expires_in: TOKEN_SECONDS, issued_at: now.toISOString() };
    if (exchange.request.method === "GET") answerJson(exchange, 200, body);
    else answerJson(exchange, 405, { errors: [{ code: "UNSUPPORTED", message: "ask with GET" }] });
}

function sendOn(exchange: Exchange, { host, prefix, answersPing }: Redirect): void {
    const rest = exchange.url.pathname.slice("/v2/".length);
    if (rest === "" && answersPing) answerJson(exchange, 200, {});
    else answerRedirect(exchange, `https://${host}/v2/${rest === "" ? "" : prefix}${rest}${exchange.url.search}`);
}

/** The registry itself: docker-registry decides who may read what; a blob it would serve is fetched from its own host. */
function serveRegistry(exchange: Exchange, { port, blobs }: RegistryHost, tls: LabTls): void {
    const { pathname, search } = exchange.url;
    const [, repository, digest] = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/.exec(pathname) ?? [];
    const asItIs = () => passOn(exchange, port, pathname + search);
    if (!blobs || !repository || !digest) {
        asItIs();
        return;
    }
    askStatus(exchange, port, pathname, status => {
        const path = `/${repository}/${digest}`;
        if (status === 200 || status === 206)
            answerRedirect(exchange, `https://${blobs}${path}?signature=${signatureOf(path, tls)}`);
        else asItIs();
    });
}

/** A blob, for those who were sent here with a signed address. */
function serveBlob(exchange: Exchange, { port, token }: RegistryHost, tls: LabTls): void {
    const { pathname, searchParams } = exchange.url;
    const [, repository, digest] = /^\/(.+)\/(sha256:[0-9a-f]{64})$/.exec(pathname) ?? [];
    if (!repository || !digest || !isSigned(pathname, searchParams.get("signature") ?? "", tls)) {
        answerJson(exchange, 403, { errors: [{ code: "DENIED", message: "the address is not signed" }] });
        return;
    }
    const access = [{ type: "repository", name: repository, actions: ["pull"] }];
    const pass = registryToken(tls.tokenSigner, token?.service ?? "", access, new Date());
    passOn(exchange, port, `/v2/${repository}/blobs/${digest}`, { authorization: `Bearer ${pass}` });
}

function signatureOf(path: string, tls: LabTls): string {
    return createHmac("sha256", tls.key).update(path).digest("hex");
}

function isSigned(path: string, signature: string, tls: LabTls): boolean {
    const [shown, expected] = [Buffer.from(signature), Buffer.from(signatureOf(path, tls))];
    return shown.length === expected.length && timingSafeEqual(shown, expected);
}
