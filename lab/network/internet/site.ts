import type { IncomingMessage, ServerResponse } from "node:http";

/** One request to a host of the internet, and its response. */
export interface Exchange {
    url: URL;
    request: IncomingMessage;
    response: ServerResponse;
}

/** Answers the requests of one host. */
export type Site = (exchange: Exchange) => void;

/** Answers with JSON, the length known so that the connection can be used again. */
export function answerJson({ response }: Exchange, status: number, body: unknown): void {
    const text = JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
}

/** Sends the client to another address, the method kept. */
export function answerRedirect({ response }: Exchange, location: string): void {
    response.writeHead(307, { location, "content-length": 0 }).end();
}
