/**
 * An error text taken apart: names, addresses and digests are taken out before anything is looked for in it, so that the
 * `404` of a tag `8.0.404` is never read as a status.
 */
export interface Message {
    /** What is left when names, URLs, paths, addresses and digests are replaced by NAME, ADDRESS and DIGEST. */
    words: string;
    /** HTTP status of an answer, from 300 on, where the text tells one. */
    status: number | undefined;
    /** The host that the last request went to, with its port where the URL has one. */
    asked: string | undefined;
    /** The registry that a mirror was asked for: `?ns=` of the URL. */
    onBehalfOf: string | undefined;
    /** Whether the request was for a manifest or blob (`/v2/…`), not for a token. */
    isForContent: boolean;
    /** Whether the text names an IPv6 address as the peer. */
    dialsIpv6: boolean;
    /** Whether the text names a Unix socket of a container runtime. */
    namesRuntimeSocket: boolean;
}

/** The API server keeps at most 1 KiB of an event's message and 32 KiB of a condition's; causes stand at the end. */
const LONGEST = 8192;

const URL_TEXT = /\b(?:https?|oci|docker|ssh|git):\/\/([^\s/"'`?#<>\\]{1,255})([^\s"'`<>\\]{0,2000})/gi;
/** Pairs of words with a slash that are no names. */
const WORDS_WITH_SLASH = /^(?:i\/o|input\/output|net\/http|http\/[\d.]+)$/i;

export function takenApart(text: string): Message {
    const whole = bounded(text).replaceAll('\\"', '"').replaceAll("\\n", " ");
    const words = wordsOf(whole);
    const urls = [...whole.matchAll(URL_TEXT)];
    const [, host, rest = ""] = urls.at(-1) ?? [];
    const lookedUp = /\blookup ([\w.-]{1,253})/.exec(whole)?.[1];
    return {
        words,
        status: statusIn(words),
        asked: (host?.split("@").at(-1) ?? lookedUp)?.replace(/[:.,;]+$/, "").toLowerCase(),
        onBehalfOf: /[?&]ns=([\w.%:-]{1,255})/.exec(rest)?.[1]?.replaceAll("%3A", ":").replace(/:$/, ""),
        isForContent: rest.startsWith("/v2/") && rest.length > "/v2/:".length,
        dialsIpv6: /\b(?:tcp|udp)6? (?:\[[0-9a-f:.%\w]{2,60}\]:\d{1,5}->)?\[[0-9a-f:.%\w]{2,60}\]/i.test(whole),
        namesRuntimeSocket: /\b(?:dial|read|write) unix\b|\b(?:containerd|crio|cri-dockerd|docker)\.sock\b/i.test(
            whole,
        ),
    };
}

function bounded(text: string): string {
    if (text.length <= LONGEST) return text;
    const half = LONGEST / 2;
    return `${text.slice(0, half)} ${text.slice(-half)}`;
}

function wordsOf(text: string): string {
    return (
        text
            // What CRI-O says of mirrors that it tried before the registry itself: the last failure is the one that counts.
            .replace(/\(Mirrors also failed: \[[^\]]{0,4000}\]\)/g, "")
            .replace(URL_TEXT, url => `NAME${/[:.,;)\]]*$/.exec(url.slice(-8))![0]}`)
            .replace(/\bsha(?:256|384|512)[:-][0-9a-f]{2,128}/gi, "DIGEST")
            .replace(/(?<![":]\s?)(["'`])([^\s"'`]{1,500})\1/g, (quoted, _, name: string) =>
                // Error codes of registries, such as "TOOMANYREQUESTS", and keys of their JSON stand in quotes too.
                /^(?:[A-Z][A-Z_]+|status|statusCode|code|message|errors?|detail)$/.test(name) ? quoted : "NAME",
            )
            .replace(/\[[0-9a-f:.]{2,60}(?:%\w{1,20})?\]:\d{1,5}/gi, "ADDRESS")
            .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?/g, "ADDRESS")
            .replace(/[^\s"'`,;()[\]{}]+/g, withoutName)
    );
}

/** A token without the name that it is: a path, an image, or `name:tag`. */
function withoutName(token: string): string {
    const end = /[:.]{0,3}$/.exec(token.slice(-3))![0];
    const name = end ? token.slice(0, -end.length) : token;
    if (name.length > 500) return `NAME${end}`;
    if (name.includes("/")) return WORDS_WITH_SLASH.test(name) ? token : `NAME${end}`;
    const [before = "", after] = name.split(":");
    const isTagged = after !== undefined && before !== "" && /^[\w.-]+$/.test(after) && !isLabel(before);
    return isTagged || name.includes("@") ? `NAME${end}` : token;
}

/** Words that stand before a status without a space. */
function isLabel(word: string): boolean {
    return /(?:status|code|error|response|http|desc|message|errors?|x509|tls)$/i.test(word);
}

const REASON_PHRASES =
    "Multiple Choices|Moved Permanently|Found|Temporary Redirect|Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Method Not Allowed|Not Acceptable|Proxy Authentication Required|Request Time-?out|Conflict|Gone|Misdirected Request|Too Many Requests|Unavailable For Legal Reasons|Internal Server Error|Not Implemented|Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out|HTTP Version Not Supported|Insufficient Storage|Origin Is Unreachable|Web Server Is Down";

/** Where a status stands: after a word that announces one, or before its reason phrase. */
const STATUSES = [
    /(?<!exit )\bstatus(?:[ _-]?code)?\b(?: from [A-Z]{3,7} request to)?[^\d\n]{0,60}?\b([3-5]\d\d)\b(?![.\w-])/gi,
    new RegExp(`(?<![\\w.:-])([3-5]\\d\\d):? (?:${REASON_PHRASES})\\b`, "gi"),
    /\bHTTP(?:\/[\d.]{1,3})?(?: status| error| response)?(?: code)?[ :]{1,3}([3-5]\d\d)\b(?![.\w-])/gi,
    /\b(?:returned error|error|responded with|returned|answered|response|response code)(?: code)?[:=]? ([3-5]\d\d)\b(?![.\w-])/gi,
    /\bstatuscode[:=]\s?([3-5]\d\d)\b/gi,
    /"(?:status|statusCode|code)"\s?:\s?"?([3-5]\d\d)\b/gi,
    // Go's clients of charts and artifacts write the URL, a colon and the status, some without its phrase.
    /\bNAME["']? ?: ([3-5]\d\d)(?![\d.:\w-])/g,
    /: ([45]\d\d)\s*$/g,
];

/** The last status, which is that of the innermost error. */
function statusIn(words: string): number | undefined {
    const found = STATUSES.flatMap(sign => [...words.matchAll(sign)].map(match => [match.index, match[1]!] as const));
    const last = found.sort(([a], [b]) => a - b).at(-1);
    return last && Number(last[1]);
}
