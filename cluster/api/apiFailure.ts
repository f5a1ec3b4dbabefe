/** A request to the API server failed. The message says what was asked of which server, why it failed, and what to do. */
export class ApiFailure extends Error {
    override name = "ApiFailure";
    /** HTTP status; 0 when no answer came. */
    readonly status: number;

    constructor(message: string, status: number) {
        super(message);
        this.status = status;
    }
}

/** No answer: the connection, its TLS or the credentials failed. */
export function failureOfConnection(server: string, error: Error): ApiFailure {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = message || code || "no reason given";
    return new ApiFailure(
        `${server} cannot be asked: ${reason}. Nothing was changed. Check that the cluster runs and that the kubeconfig's context is the right one.`,
        0,
    );
}

const ADVICE: Record<number, string> = {
    401: "Renew the credentials of the kubeconfig's context.",
    403: "Give the user of the kubeconfig's context the right to do that.",
    429: "The API server is overloaded. Run it again later.",
};

/** The API server refused: its own Status object says why. */
export function failureOfStatus(server: string, request: string, status: number, body: string): ApiFailure {
    const advice = ADVICE[status] ?? "Look at the API server's log if that is unexpected.";
    return new ApiFailure(`${server} answered ${request} with ${status}: ${reasonIn(body)}. ${advice}`, status);
}

function reasonIn(body: string): string {
    try {
        const { message } = JSON.parse(body) as { message?: string };
        if (message) return message.replace(/\.$/, "");
    } catch {
        // Some answers, such as those of a proxy on the way, are plain text.
    }
    return body.trim().slice(0, 200) || "no reason given";
}
