import { ApiFailure } from "../api/apiFailure.ts";

/** Remembers what could not be looked at, so that one list that is forbidden costs its own section only. */
export class LookedAt {
    readonly missing: string[] = [];
    readonly #failures: ApiFailure[] = [];
    #looks = 0;

    /** What `look` finds, or `otherwise` where the user may not read it (403). Other failures are thrown. */
    async at<T>(what: string, otherwise: T, look: () => Promise<T>): Promise<T> {
        this.#looks++;
        try {
            return await look();
        } catch (error) {
            if (!(error instanceof ApiFailure) || error.status !== 403) throw error;
            this.#failures.push(error);
            this.skip(`${what}: the user of the kubeconfig's context may not read it (403)`);
            return otherwise;
        }
    }

    skip(sentence: string): void {
        if (!this.missing.includes(sentence)) this.missing.push(sentence);
    }

    /** Throws where nothing at all could be looked at. */
    requireSomething(): void {
        const [first] = this.#failures;
        if (first !== undefined && this.#failures.length === this.#looks) throw first;
    }
}
