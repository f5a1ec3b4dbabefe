/** Why a download failed, from the words of the program that tried: containerd, Flux's source controller, Helm. */
export const FAILURE_CAUSES = [
    "tls-timeout",
    "timeout",
    "refused",
    "reset",
    "unreachable",
    "dns",
    "certificate",
    "rate-limit",
    "auth",
    "not-found",
    "upstream",
    "no-space",
    "platform",
    "invalid-name",
    "never-pulled",
    "other",
] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

/**
 * Signs of each cause, the more telling first: a text often holds several, since each layer puts its own words before
 * those of the one below. The words are those of Go's net, net/http and crypto/tls, of containerd, and of registries.
 */
const SIGNS: readonly [FailureCause, RegExp][] = [
    ["tls-timeout", /tls handshake timeout/i],
    ["certificate", /x509:|certificate (signed by|is not|has expired)|tls: failed to verify/i],
    ["rate-limit", /\b429\b|toomanyrequests|too many requests|rate limit|pull limit/i],
    ["dns", /no such host|server misbehaving|lookup \S+( on \S+)?: |temporary failure in name resolution/i],
    ["refused", /connection refused/i],
    ["reset", /connection reset|broken pipe|unexpected eof|: eof\b/i],
    ["unreachable", /no route to host|network is unreachable|host is unreachable/i],
    ["no-space", /no space left|disk quota exceeded/i],
    ["platform", /no match for platform|exec format error|no matching manifest/i],
    ["invalid-name", /InvalidImageName|invalid reference format|couldn't parse image/i],
    ["never-pulled", /ErrImageNeverPull|not present with pull policy of never/i],
    [
        "auth",
        /\b40[13]\b|unauthorized|forbidden|authentication required|pull access denied|authorization failed|denied:/i,
    ],
    ["not-found", /\b404\b|not found|manifest unknown|name unknown|does not exist|no such (image|chart|bucket|key)/i],
    ["upstream", /\b50[0-4]\b|bad gateway|service unavailable|internal server error|unexpected status/i],
    ["timeout", /i\/o timeout|deadline exceeded|timed out|timeout/i],
];

/** The cause that a message tells. */
export function causeOf(message: string): FailureCause {
    return SIGNS.find(([, sign]) => sign.test(message))?.[0] ?? "other";
}

/** Whether the cause lies between the node and the service, and not with either. */
export function isOfNetwork(cause: FailureCause): boolean {
    return NETWORK.has(cause);
}

const NETWORK: ReadonlySet<FailureCause> = new Set([
    "tls-timeout",
    "timeout",
    "refused",
    "reset",
    "unreachable",
    "dns",
]);

/** To follow "fails by" or to stand alone. */
export const CAUSE_IN_WORDS: Record<FailureCause, string> = {
    "tls-timeout": "TLS handshake timeout",
    timeout: "timeout",
    refused: "connection refused",
    reset: "connection reset",
    unreachable: "no route",
    dns: "name not resolved",
    certificate: "certificate not trusted",
    "rate-limit": "429, rate limit",
    auth: "access denied",
    "not-found": "not found",
    upstream: "error of the registry itself",
    "no-space": "no space left on the node",
    platform: "no image for this platform",
    "invalid-name": "invalid image name",
    "never-pulled": "absent, and its policy forbids pulling",
    other: "another reason",
};
