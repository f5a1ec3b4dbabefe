import type { IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import {
    ApiFailure,
    failureOfConnection,
    failureOfCredentials,
    failureOfLogin,
    failureOfStatus,
} from "./apiFailure.ts";

/** Objects of one page: large enough that a cluster takes few round trips, small enough that one page fits any memory. */
export const PAGE_SIZE = 500;
const REQUEST_TIMEOUT_MS = 30_000;
/** Lists read side by side. */
const CONNECTIONS = 8;

/** What narrows a list on the server, before anything is sent. */
export interface ListQuery {
    fieldSelector?: string;
    labelSelector?: string;
}

interface Page<T> {
    metadata: { continue?: string };
    items: T[];
}

/** An answer of the API server and its clock, to compare with times that controllers write. */
export interface Answer<T> {
    object: T;
    /** Of the answer's Date header, whole seconds. */
    serverTime: Date;
}

/**
 * The API of one cluster, as JSON objects by path. Reads nothing that it is not asked for: lists come in pages, and what
 * narrows them is sent to the server. Throws ApiFailure.
 */
export class ClusterApi {
    /** URL of the API server. */
    readonly server: string;
    /** Name of the kubeconfig's context. */
    readonly context: string;
    readonly #config: KubeConfig;
    readonly #signal: AbortSignal | undefined;
    #options: Promise<https.RequestOptions> | undefined;
    readonly #agents: https.Agent[] = [];

    private constructor(config: KubeConfig, signal?: AbortSignal) {
        this.#config = config;
        this.#signal = signal;
        this.server = config.getCurrentCluster()!.server.replace(/\/+$/, "");
        this.context = config.getCurrentContext();
    }

    /** Opens no connection yet. A user with a credential plugin has it run now. `signal` ends requests under way. */
    static async open(config: KubeConfig, signal?: AbortSignal): Promise<ClusterApi> {
        const api = new ClusterApi(config, signal);
        await api.#credentials();
        return api;
    }

    /** The credentials in use. `refused` are those that the server no longer takes; they are renewed once for all requests. */
    #credentials(refused?: Promise<https.RequestOptions>): Promise<https.RequestOptions> {
        if (this.#options === undefined || this.#options === refused) this.#options = this.#authenticated();
        return this.#options;
    }

    async #authenticated(): Promise<https.RequestOptions> {
        const options: https.RequestOptions = { headers: {} };
        try {
            await this.#config.applyToHTTPSOptions(options);
        } catch (error) {
            throw failureOfCredentials(this.server, error as Error);
        }
        const agent = options.agent as https.Agent & { keepAlive: boolean };
        agent.keepAlive = true;
        agent.maxSockets = CONNECTIONS;
        this.#agents.push(agent);
        return options;
    }

    /** Closes the connections. */
    close(): void {
        for (const agent of this.#agents) agent.destroy();
    }

    /** One object. */
    async get<T>(path: string): Promise<T> {
        return JSON.parse((await this.#request("GET", path)).text) as T;
    }

    /** One object, or undefined when it does not exist. */
    async find<T>(path: string): Promise<T | undefined> {
        try {
            return await this.get<T>(path);
        } catch (error) {
            if (error instanceof ApiFailure && error.status === 404) return undefined;
            throw error;
        }
    }

    async text(path: string): Promise<string> {
        return (await this.#request("GET", path)).text;
    }

    /** The answer as it arrives, for what may be too large for memory. The request ends when the reader stops reading. */
    async *stream(path: string): AsyncGenerator<Buffer> {
        const message = await this.#answer("GET", path);
        try {
            for await (const chunk of message) yield chunk as Buffer;
        } catch (error) {
            throw failureOfConnection(this.server, error as Error);
        }
    }

    async create<T>(path: string, object: unknown): Promise<T> {
        return JSON.parse((await this.#request("POST", path, "application/json", object)).text) as T;
    }

    /** Changes an object by a JSON merge patch (RFC 7396). */
    async patch<T>(path: string, change: unknown): Promise<Answer<T>> {
        const { text, date } = await this.#request("PATCH", path, "application/merge-patch+json", change);
        return { object: JSON.parse(text) as T, serverTime: date };
    }

    async delete(path: string): Promise<void> {
        await this.#request("DELETE", path, "application/json", { gracePeriodSeconds: 0 });
    }

    /** Every object of a list, page by page, so that no more than a page is in memory. */
    async *list<T>(path: string, query: ListQuery = {}): AsyncGenerator<T> {
        let next: string | undefined;
        do {
            const parameters = new URLSearchParams({ limit: String(PAGE_SIZE), ...given(query) });
            if (next) parameters.set("continue", next);
            const page: Page<T> = await this.get(`${path}?${parameters}`);
            yield* page.items;
            next = page.metadata.continue;
        } while (next);
    }

    async #request(method: string, path: string, contentType?: string, body?: unknown): Promise<Response> {
        const message = await this.#answer(method, path, contentType, body);
        return { text: await this.#textOf(message), date: new Date(message.headers.date ?? Date.now()) };
    }

    /**
     * Sends a request and waits for an answer that is no error. Credentials that have run out are fetched again once; the
     * connections of the old ones stay open, for other requests may be under way on them.
     */
    async #answer(method: string, path: string, contentType?: string, body?: unknown): Promise<IncomingMessage> {
        const used = this.#credentials();
        let message = await this.#send(await used, method, path, contentType, body);
        let { cert } = await used;
        if (message.statusCode === 401) {
            message.resume();
            const renewed = await this.#credentials(used);
            cert = renewed.cert;
            message = await this.#send(renewed, method, path, contentType, body);
        }
        const status = message.statusCode!;
        if (status < 300) return message;
        const request = `${method} ${path.split("?")[0]}`;
        const said = await this.#textOf(message);
        if (status === 401) throw failureOfLogin(this.server, request, said, cert);
        throw failureOfStatus(this.server, request, status, said);
    }

    async #textOf(message: IncomingMessage): Promise<string> {
        try {
            return await text(message);
        } catch (error) {
            throw failureOfConnection(this.server, error as Error);
        }
    }

    #send(
        options: https.RequestOptions,
        method: string,
        path: string,
        contentType?: string,
        body?: unknown,
    ): Promise<IncomingMessage> {
        const sent = body === undefined ? undefined : JSON.stringify(body);
        // Node frames the body of a DELETE by neither length nor chunks, and what follows on the connection is misread.
        const framing =
            sent === undefined ? {} : { "Content-Type": contentType, "Content-Length": Buffer.byteLength(sent) };
        const headers = { ...options.headers, Accept: "application/json", ...framing };
        return new Promise((resolve, reject) => {
            let answer: IncomingMessage | undefined;
            const fail = (error: Error) => {
                // Whoever reads the answer is told what ended it, and not only that it was cut off.
                answer?.destroy(error);
                reject(failureOfConnection(this.server, error));
            };
            const request = https.request(
                `${this.server}${path}`,
                { ...options, method, headers, signal: this.#signal, timeout: REQUEST_TIMEOUT_MS },
                message => {
                    answer = message;
                    resolve(message);
                },
            );
            request.on("timeout", () =>
                request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} seconds`)),
            );
            request.on("error", fail);
            request.end(sent);
        });
    }
}

interface Response {
    text: string;
    date: Date;
}

function given(query: ListQuery): Record<string, string> {
    return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Record<
        string,
        string
    >;
}
