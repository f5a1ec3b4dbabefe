/** Runs at most `limit` tasks at a time; the others wait their turn, first come, first served. */
export class Limiter {
    readonly #limit: number;
    #running = 0;
    readonly #waiting: (() => void)[] = [];

    constructor(limit: number) {
        this.#limit = Math.max(1, limit);
    }

    async run<T>(task: () => Promise<T>): Promise<T> {
        if (this.#running >= this.#limit) await new Promise<void>(resolve => this.#waiting.push(resolve));
        else this.#running++;
        try {
            return await task();
        } finally {
            const next = this.#waiting.shift();
            if (next === undefined) this.#running--;
            else next();
        }
    }
}
