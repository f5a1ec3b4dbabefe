import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { pipeline } from "node:stream";
import { answerJson, type Exchange } from "./site.ts";

const connections = new Agent({ keepAlive: true });

/** Headers that belong to one connection and are not passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"];

/** Hands a request to a server on this port of the loopback, and its answer back. */
export function passOn(exchange: Exchange, port: number, path: string, extraHeaders: IncomingHttpHeaders = {}): void {
    const { request, response } = exchange;
    const headers = { ...endToEnd(request.headers), ...extraHeaders };
    const inner = httpRequest({ port, path, method: request.method, headers, agent: connections });
    inner.on("error", error => badGateway(exchange, error));
    inner.on("response", answer => {
        response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
        pipeline(answer, response, () => {}); // A client that leaves early is no failure of the host.
    });
    pipeline(request, inner, () => {});
}

/** Asks a server on the loopback for the status it would answer with, and calls back. */
export function askStatus(exchange: Exchange, port: number, path: string, then: (status: number) => void): void {
    const headers = endToEnd(exchange.request.headers);
    const ask = httpRequest({ port, path, method: "HEAD", headers, agent: connections });
    ask.on("error", error => badGateway(exchange, error));
    ask.on("response", answer => {
        answer.resume();
        then(answer.statusCode ?? 502);
    });
    ask.end();
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

function badGateway(exchange: Exchange, error: Error): void {
    if (exchange.response.headersSent) exchange.response.destroy();
    else answerJson(exchange, 502, { errors: [{ code: "UNAVAILABLE", message: error.message }] });
}
