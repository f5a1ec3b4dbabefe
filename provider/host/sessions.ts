import { Connection } from "./connection.ts";
import type { HostSession } from "./session.ts";
import { openSession } from "./ssh.ts";

/** The SSH sessions of one process: one for each connection, opened when first asked for, and again when it died. */
export class Sessions {
    readonly #open = new Map<string, Promise<HostSession>>();
    readonly #cancelled: AbortSignal;

    /** No session is opened, and none goes on opening, once `cancelled` aborts. */
    constructor(cancelled: AbortSignal) {
        this.#cancelled = cancelled;
    }

    /** Throws a HostError when the host cannot be connected to; everyone who waits for that session gets the same. */
    async session(connection: Connection): Promise<HostSession> {
        // Parsed, it has its properties in one order, whatever order they came in.
        const key = JSON.stringify(Connection.parse(connection));
        for (;;) {
            const opening = this.#open.get(key) ?? this.#start(key, connection);
            const session = await opening;
            if (await session.answers()) return session;
            session.close();
            if (this.#open.get(key) === opening) this.#open.delete(key);
        }
    }

    close(): void {
        for (const opening of this.#open.values()) opening.then(session => session.close()).catch(() => undefined);
        this.#open.clear();
    }

    #start(key: string, connection: Connection): Promise<HostSession> {
        const opening = openSession(connection, this.#cancelled);
        this.#open.set(key, opening);
        opening.catch(() => this.#open.delete(key));
        return opening;
    }
}
