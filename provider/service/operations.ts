import type { OperationContext } from "../host/operationContext.ts";
import { Sessions } from "../host/sessions.ts";
import type { Engine } from "./engine.ts";

/** The operations that run in this process, so that they can be cancelled and waited for. */
export class Operations {
    readonly #cancelled = new AbortController();
    readonly #running = new Set<Promise<unknown>>();
    readonly #sessions: Sessions;
    readonly #engine: Engine;

    constructor(engine: Engine) {
        this.#engine = engine;
        this.#sessions = new Sessions(this.#cancelled.signal);
    }

    /** Runs one operation. `timeoutSeconds` is the resource's custom timeout; 0 for none. */
    async run<T>(urn: string, timeoutSeconds: number, work: (context: OperationContext) => Promise<T>): Promise<T> {
        const signals = [this.#cancelled.signal];
        const timeout = timeoutSeconds > 0 ? AbortSignal.timeout(timeoutSeconds * 1000) : undefined;
        if (timeout !== undefined) signals.push(timeout);
        const running = work({
            urn,
            session: connection => this.#sessions.session(connection),
            log: (severity, message) => this.#engine.log(urn, severity, message),
            signal: AbortSignal.any(signals),
        });
        this.#running.add(running);
        try {
            return await running;
        } catch (error) {
            if (timeout?.aborted)
                throw new Error(`The custom timeout of ${timeoutSeconds} s passed. ${(error as Error).message}`);
            throw error;
        } finally {
            this.#running.delete(running);
            await this.#engine.flush();
        }
    }

    /** Tells every operation to finish or to take back its change. */
    cancel(): void {
        this.#cancelled.abort();
    }

    /** Waits until no operation runs any more, and closes all sessions. */
    async idle(): Promise<void> {
        while (this.#running.size > 0) await Promise.allSettled(this.#running);
        this.#sessions.close();
    }
}
