import { Connection } from "./connection.ts";
import type { HostSession } from "./session.ts";
import { openSession } from "./ssh.ts";

/** The SSH sessions of one process: one for each connection, opened when it is first needed and when it broke. */
export class Sessions {
    readonly #open = new Map<string, Promise<HostSession>>();
    readonly #cancelled: AbortSignal;

    /** Once `cancelled` aborts, no session is opened, and one that is being opened is given up. */
    constructor(cancelled: AbortSignal) {
        this.#cancelled = cancelled;
    }

    /** Throws a HostError when it cannot connect to the host; all who wait for the session get the same error. */
    async session(connection: Connection): Promise<HostSession> {
        // Parsing puts the properties into one order.
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
