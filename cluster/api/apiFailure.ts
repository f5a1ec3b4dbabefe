import { X509Certificate } from "node:crypto";
import type { RequestOptions } from "node:https";

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

const CHECK_CONTEXT = "Check that the cluster runs and that the kubeconfig's context is the right one.";

/** Node's and OpenSSL's codes, as a reason and what to do. */
const CONNECTION_FAILURES: readonly [codes: RegExp, reason: string, advice: string][] = [
    [
        /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_SIGNATURE_FAILURE)$/,
        "its certificate is signed by an authority that the kubeconfig does not trust",
        "A server that was rebuilt has a new authority: copy its kubeconfig again (on K3s /etc/rancher/k3s/k3s.yaml).",
    ],
    [
        /^CERT_HAS_EXPIRED$/,
        "its certificate has expired",
        "Restart the server, which renews its certificates (K3s), or correct this machine's clock.",
    ],
    [
        /^CERT_NOT_YET_VALID$/,
        "its certificate is not valid yet",
        "Compare the clocks of this machine and of the server.",
    ],
    [
        /^ERR_TLS_CERT_ALTNAME_INVALID$/,
        "its certificate is for other names",
        "Use an address that the certificate names, or set `tls-server-name` in the kubeconfig.",
    ],
    [
        /^ERR_SSL_.*_ALERT_/,
        "it refuses the TLS connection: it may not accept the client certificate of the kubeconfig",
        "Renew the credentials of the kubeconfig's context.",
    ],
    [/^ECONNREFUSED$/, "the connection was refused", CHECK_CONTEXT],
    [/^(?:ECONNRESET|EPIPE)$/, "the connection was closed before an answer came", CHECK_CONTEXT],
    [/^(?:ENOTFOUND|EAI_AGAIN)$/, "its name does not resolve", CHECK_CONTEXT],
    [/^EPROTO$|WRONG_VERSION_NUMBER/, "it does not speak TLS on that port", CHECK_CONTEXT],
];

/** No answer: the connection or its TLS failed. */
export function failureOfConnection(server: string, error: Error): ApiFailure {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const [, reason = message || code || "no reason given", advice = CHECK_CONTEXT] =
        CONNECTION_FAILURES.find(([codes]) => codes.test(code)) ?? [];
    const detail = code && !reason.includes(code) ? ` (${code})` : "";
    return new ApiFailure(`${server} cannot be asked: ${reason}${detail}. Nothing was changed. ${advice}`, 0);
}

/** The kubeconfig's user gave no credentials: its plugin or its files failed. */
export function failureOfCredentials(server: string, { message }: Error): ApiFailure {
    return new ApiFailure(
        `${server} was not asked: ${message.replace(/\.$/, "")}. Nothing was changed. Correct the user of the kubeconfig's context.`,
        0,
    );
}

/** The server knows neither the credentials nor those that were fetched again after it refused them. */
export function failureOfLogin(
    server: string,
    request: string,
    body: string,
    certificate: RequestOptions["cert"],
): ApiFailure {
    const spent = spentSince(certificate);
    const reason = spent ? ` The client certificate of the kubeconfig expired at ${spent}.` : "";
    const advice = spent ? " On K3s, copy /etc/rancher/k3s/k3s.yaml again." : "";
    return new ApiFailure(
        `${server} answered ${request} with 401: ${reasonIn(body)}.${reason} Renew the credentials of the kubeconfig's context.${advice}`,
        401,
    );
}

/** When a client certificate expired, ISO 8601; undefined for one that is valid, or none. */
function spentSince(certificate: RequestOptions["cert"]): string | undefined {
    if (typeof certificate !== "string" && !Buffer.isBuffer(certificate)) return undefined;
    try {
        const until = new Date(new X509Certificate(certificate).validTo);
        return until.getTime() < Date.now() ? until.toISOString() : undefined;
    } catch {
        // A certificate that cannot be read cannot have been presented either.
        return undefined;
    }
}

const ADVICE: Record<number, string> = {
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
