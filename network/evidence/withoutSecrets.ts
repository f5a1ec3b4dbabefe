const MASK = "[removed]";
/** Shorter secrets are words that occur anyway: hiding them would hide what was found. */
const SHORTEST_SECRET = 6;

/**
 * What can carry a secret into an error text: the runtime quotes the signed addresses that registries redirect to, and
 * programs quote headers and keys.
 */
const CARRIERS: readonly [RegExp, string][] = [
    [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
    // User and password of an address, and its query, where tokens and signatures stand.
    [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']+@/gi, `$1${MASK}@`],
    [/\b([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)\?[^\s"'<>]*/gi, `$1?${MASK}`],
    [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
    [/\b(authorization|x-registry-auth|cookie)(["']?\s*[:=]\s*)(?!\s*(?:bearer|basic)\b)\S+/gi, `$1$2${MASK}`],
    // Named values. After a colon a word may follow as well ("token: unauthorized"), so there it takes a digit.
    [/\b(pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key)(=\s*["']?)[^\s"',;&]+/gi, `$1$2${MASK}`],
    [
        /\b(pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key)(\\*["']?:\s*\\*["']?)(?=[^\s"',;&]*\d)[^\s"',;&]{4,}/gi,
        `$1$2${MASK}`,
    ],
    // JSON web tokens, and the tokens of Doppler, GitHub, GitLab, Docker Hub and AWS by the form they are known by.
    [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?/g, MASK],
    [/\bdp\.[a-z]+\.[A-Za-z0-9._-]{16,}/g, MASK],
    [/\b(gh[a-z]_|github_pat_|glpat-|dckr_pat_|AKIA)[A-Za-z0-9_-]{12,}/g, MASK],
];

/**
 * The same value with every secret in its texts replaced: those given, and every text that has the form of a secret. Keys of objects
 * are left alone: they are names of fields.
 */
export function withoutSecrets<T>(value: T, known: readonly string[] = []): T {
    const secrets = known.filter(({ length }) => length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
    return cleaned(value, secrets) as T;
}

function cleaned(value: unknown, secrets: readonly string[]): unknown {
    if (typeof value === "string") return cleanedText(value, secrets);
    if (Array.isArray(value)) return value.map(item => cleaned(item, secrets));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cleaned(item, secrets)]));
}

function cleanedText(text: string, secrets: readonly string[]): string {
    const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), text);
    return CARRIERS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), known);
}
