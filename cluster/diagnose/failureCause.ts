import { type Message, takenApart } from "./message.ts";

/** Why a download failed, from the words of the program that tried: containerd, CRI-O, Docker, Flux's controllers, Helm. */
export const FAILURE_CAUSES = [
    "tls-timeout",
    "timeout",
    "refused",
    "reset",
    "unreachable",
    "dns",
    "damaged",
    "proxy",
    "protocol",
    "certificate",
    "rate-limit",
    "auth",
    "not-found",
    "upstream",
    "signature",
    "no-space",
    "disk",
    "limits",
    "runtime",
    "firewall",
    "pod-network",
    "platform",
    "invalid-name",
    "never-pulled",
    "other",
] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

type Sign = RegExp | ((message: Message) => boolean);

/** `name: permission denied` of a file: the path was taken out. */
const FILE_REFUSED =
    /\b(?:open|openat|mkdir|mkdirat|stat|lstat|chmod|l?chown|unlink|unlinkat|rename|mount|link|symlink|remove|fsync|write|create) NAME.{0,40}: (?:permission denied|operation not permitted|no such file|file exists|is a directory|not a directory|invalid argument)/i;

/**
 * Signs of each cause, the more telling first: a text often holds several, since each layer puts its own words before
 * those of the one below. The words are those of the kubelet, of Go's net, net/http and crypto/tls, of containerd, CRI-O
 * and Docker, of registries, and of Flux's controllers.
 */
const SIGNS: readonly [FailureCause, Sign][] = [
    [
        "invalid-name",
        /InvalidImageName|invalid reference format|couldn't parse image|failed to apply default image tag/i,
    ],
    ["never-pulled", /ErrImageNeverPull|not present with pull policy of never/i],
    ["limits", /pull QPS exceeded/i],
    // A source that holds another kind of artifact than was asked for: nothing of it was damaged.
    ["protocol", /failed to extract layer contents from artifact|requires gzip-compressed body/i],
    ["no-space", /no space left|disk quota exceeded/i],
    ["disk", /read-only file system|input\/output error|structure needs cleaning|stale file handle/i],
    [
        "limits",
        /too many open files|cannot allocate memory|out of memory|resource temporarily unavailable|no buffer space available|inotify/i,
    ],
    [
        "pod-network",
        /\bcni\b|network for (?:sandbox|pod)|network plugin|network sandbox|no IP addresses available|subnet\.env|plugin type=/i,
    ],
    ["runtime", ({ namesRuntimeSocket }) => namesRuntimeSocket],
    // gRPC's own failure on the socket of the runtime; with a dialled address it is somebody else's gRPC.
    ["runtime", ({ words }) => /code = Unavailable|error reading from server/i.test(words) && !/dial tcp/.test(words)],
    [
        "platform",
        /no match(?:ing)? (?:for )?platform|no matching manifest|exec format error|choosing (?:an )?image (?:instance|from)|no image found in (?:manifest list|image index)|does not match the specified platform|cannot be used on this platform/i,
    ],
    [
        "firewall",
        /\b(?:connect|sendto|sendmsg|sendmmsg|write|socket|bind): (?:operation not permitted|permission denied)/i,
    ],
    ["damaged", /bad record MAC|unexpected commit digest|failed size validation|digest did not match/i],
    [
        "runtime",
        /ImageInspectError|failed to inspect image|failed to extract|failed to unpack layer|failed to register layer|apply layer|applying layer|mount callback failed|extraction snapshot|parent snapshot|wrong diff id|content(?: digest)? DIGEST.{0,40}not found|failed to get image from|failed to get converter|DIGEST.{0,20} locked|lease .{0,80}not found|snapshotter|snapshot .{0,200}(?:already exists|does not exist|not found)|stat snapshot|prepare layer|database not open|code = Unimplemented|containerd task|OCI runtime|ttrpc|runc (?:create|did)|commit failed: rename|storing layer|writing blob: (?:adding|storing|error creating)|committing the finished image|layer not known|image not known|reserve sandbox name|failed to reserve|cgroup/i,
    ],
    ["runtime", FILE_REFUSED],
    ["tls-timeout", /tls handshake timeout|ssl connection timeout/i],
    [
        "proxy",
        ({ words, status }) =>
            status === 407 ||
            /proxyconnect|proxy authentication required|proxy CONNECT|CONNECT tunnel failed|from proxy after CONNECT/i.test(
                words,
            ),
    ],
    [
        "certificate",
        /x509:|certificate (?:signed by|is not|has expired|verify failed|verification failed|relies on|required)|tls: failed to verify|tls: (?:bad|unknown|expired|revoked) certificate|unknown certificate authority|self[- ]signed certificate|unable to get local issuer/i,
    ],
    [
        "damaged",
        /size (?:mismatch|validation failed)|unexpected size|gzip: invalid|invalid checksum|digest (?:mismatch|verification|did not match|does not match|invalid)|verification failed for (?:digest )?DIGEST|computed digest|content-length mismatch|invalid tar header|flate: corrupt|zstd: |error decompressing|failed precondition|checksum mismatch|inconsistent pack|corrupt(?:ed)? (?:input|data|pack)/i,
    ],
    [
        "protocol",
        /HTTP response to HTTPS client|HTTP request to an HTTPS server|does not look like a TLS handshake|malformed HTTP|oversized record|unexpected media ?type|unsupported media ?type|invalid character .{1,5} looking for|wrong version number|unsupported protocol scheme|tls: (?:handshake failure|internal error|protocol version|unrecognized name|no application protocol|unexpected message|access denied|user canceled|illegal parameter)|tls: server selected|first record|unknown or unsupported protocol|media ?type .{0,80}not (?:supported|allowed)|pkt-line|unexpected content-type|mediaType in manifest/i,
    ],
    [
        "rate-limit",
        ({ words, status }) =>
            status === 429 ||
            /toomanyrequests|too many requests|(?:rate|pull)[ _-]?limit(?!er)|rate exceeded|throttl|requests? quota/i.test(
                words,
            ),
    ],
    ["not-found", ({ status }) => status === 404 || status === 410],
    ["auth", ({ status }) => status === 401 || status === 403 || status === 451],
    // A bare 400 says less than the words beside it: AWS answers it to who has no rights.
    ["upstream", ({ status }) => status !== undefined && status > 400],
    [
        "dns",
        /no such host|server misbehaving|\blookup \S{1,255}(?: on \S{1,64})?: |name resolution|could not resolve (?:host|proxy|hostname)|name or service not known|nodename nor servname|NXDOMAIN|SERVFAIL|no answer from DNS/i,
    ],
    [
        "timeout",
        /i\/o timeout|connection timed out|context deadline exceeded|timeout awaiting response headers|http2: (?:timeout|Transport: cannot retry)/i,
    ],
    ["refused", /connection refused|ECONNREFUSED|actively refused/i],
    [
        "reset",
        /connection reset|ECONNRESET|broken pipe|unexpected eof|early eof|\beof\b(?= ?(?:$|[:;,.)\]"']))|http2:|goaway|stream error|RST_STREAM|INTERNAL_ERROR|PROTOCOL_ERROR|ENHANCE_YOUR_CALM|client connection (?:lost|force closed)|closed network connection|server closed|transport connection broken|connection (?:was |has been )?(?:closed|aborted|lost|shut down|terminated)|socket hang up|caused connection abort|RPC failed|hung up|forcibly closed|prematurely|use of closed/i,
    ],
    [
        "unreachable",
        ({ words, dialsIpv6 }) =>
            /no route to host|(?:network|host) is (?:unreachable|down)|EHOSTUNREACH|ENETUNREACH|address family not supported|no suitable address/i.test(
                words,
            ) ||
            (dialsIpv6 && /cannot assign requested address/i.test(words)),
    ],
    ["limits", /cannot assign requested address|address already in use/i],
    ["signature", /signature|cosign|notation verif|sigstore|not signed|untrusted image/i],
    [
        "auth",
        /unauthorized|forbidden|authentication (?:required|failed|is required)|pull access denied|authorization failed|no basic auth|\bdenied\b|access ?denied|accessdenied|not authorized|(?:credentials?|keys?|secrets?|token) (?:is|are|has|have) expired|insufficient_scope|knownhosts|known_hosts|host key|unable to authenticate|publickey|invalid (?:username|credential|token|auth)|bad credentials|could not read username|secrets? NAME(?: in namespace NAME)? (?:not|does)|get (?:authentication |auth |TLS |proxy |verification |certificate )?secret|signaturedoesnotmatch|invalidaccesskeyid|expired ?token|login required/i,
    ],
    [
        "not-found",
        /not found|notfound|manifest[_ ]unknown|name[_ ]unknown|blob[_ ]unknown|unknown (?:blob|manifest)|does not exist|doesn't exist|no such (?:image|chart|bucket|key|manifest|remote|ref|repository|tag|branch)|no (?:match|matching|matches) (?:found|version|tag|for semver)|version matching NAME found|no match found for semver|no chart (?:name|version)|find remote ref|NoSuchBucket|NoSuchKey|not known to registry|repository name not known|unable to resolve (?:commit|reference|tag)|no tags? |repository is empty|empty repository/i,
    ],
    ["upstream", ({ status }) => status === 400],
    [
        "upstream",
        /bad gateway|service unavailable|internal server error|unexpected (?:http )?status|server error|gateway time-?out|temporarily unavailable|SlowDown|InternalError/i,
    ],
    [
        "timeout",
        /deadline exceeded|timed out|timeout|context canceled|code = Canceled|no progress|request canceled|operation too slow/i,
    ],
    ["unreachable", /RegistryUnavailable|registry is unavailable|failed to connect to/i],
    ["reset", /\beof\b/i],
];

/** What a message tells of a failure. */
export interface Reading {
    cause: FailureCause;
    message: Message;
}

export function readingOf(text: string): Reading {
    const message = takenApart(text);
    const found = SIGNS.find(([, sign]) => (typeof sign === "function" ? sign(message) : sign.test(message.words)));
    return { cause: found?.[0] ?? "other", message };
}

/** The cause that a message tells. */
export function causeOf(text: string): FailureCause {
    return readingOf(text).cause;
}

/** Where a cause is to be looked for. `answer`: somebody answered, and the answer is what is wrong. */
export type Side = "network" | "answer" | "node" | "unknown";

const SIDES: Record<FailureCause, Side> = {
    "tls-timeout": "network",
    timeout: "network",
    refused: "network",
    reset: "network",
    unreachable: "network",
    dns: "network",
    damaged: "network",
    proxy: "network",
    protocol: "answer",
    certificate: "answer",
    "rate-limit": "answer",
    auth: "answer",
    "not-found": "answer",
    upstream: "answer",
    signature: "answer",
    "no-space": "node",
    disk: "node",
    limits: "node",
    runtime: "node",
    firewall: "node",
    "pod-network": "node",
    platform: "node",
    "invalid-name": "node",
    "never-pulled": "node",
    other: "unknown",
};

export function sideOf(cause: FailureCause): Side {
    return SIDES[cause];
}

/** Whether the cause is between the node and the service, and not with either. */
export function isOfNetwork(cause: FailureCause): boolean {
    return SIDES[cause] === "network";
}

/** To follow "fails by" or to stand alone. */
export const CAUSE_IN_WORDS: Record<FailureCause, string> = {
    "tls-timeout": "TLS handshake timeout",
    timeout: "timeout",
    refused: "connection refused",
    reset: "connection lost",
    unreachable: "no route",
    dns: "name not resolved",
    damaged: "data damaged on the way",
    proxy: "the proxy failed",
    protocol: "the answer is in another protocol",
    certificate: "certificate not accepted",
    "rate-limit": "429, rate limit",
    auth: "access denied",
    "not-found": "not found",
    upstream: "error of the registry itself",
    signature: "signature not accepted",
    "no-space": "no space left on the node",
    disk: "the node's disk fails",
    limits: "a limit of the node is reached",
    runtime: "the node's container runtime failed",
    firewall: "a firewall on the node forbids it",
    "pod-network": "the node's pod network is not set up",
    platform: "no image for this platform",
    "invalid-name": "invalid image name",
    "never-pulled": "absent, and its policy forbids pulling",
    other: "a reason that Clearpath does not know",
};
