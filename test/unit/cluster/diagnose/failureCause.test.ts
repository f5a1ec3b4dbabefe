import { describe, expect, it } from "vitest";
import { causeOf, isOfNetwork } from "../../../../cluster/diagnose/failureCause.ts";
import { takenApart } from "../../../../cluster/diagnose/message.ts";
import { MESSAGES } from "./messages.ts";

const containerd = (why: string) =>
    `failed to pull and unpack image "ghcr.io/a/b:1": failed to resolve reference "ghcr.io/a/b:1": ${why}`;

describe("the cause of a message from public reports", () => {
    it.each(MESSAGES)("is %s in %j", (cause, message) => {
        expect(causeOf(message)).toBe(cause);
    });
});

describe("digits of names", () => {
    const tags = ["404", "8.0.404", "1.0-429", "build-503", "v2-401", "500"];
    const whys: [string, string][] = [
        ["timeout", "dial tcp 192.0.2.1:443: i/o timeout"],
        ["tls-timeout", "net/http: TLS handshake timeout"],
        ["other", "a sentence that nobody foresaw"],
    ];
    it.each(tags.flatMap(tag => whys.map(([cause, why]) => [tag, cause, why])))(
        "of a tag %s are no status: %s in %j",
        (tag, cause, why) => {
            const image = `registry.example.com:5000/team/app:${tag}`;
            const url = `https://registry.example.com:5000/v2/team/app/manifests/${tag}`;
            const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "${url}": ${why}`;
            expect(causeOf(message)).toBe(cause);
            expect(causeOf(`initializing source docker://${image}: ${why}`)).toBe(cause);
        },
    );

    it.each([
        ["unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/200: 403 Forbidden", 403],
        ["unexpected status code https://ghcr.io/v2/a/b/blobs/sha256:4040: 502 Bad Gateway - Server message: x", 502],
        ["received unexpected HTTP status: 500 Internal Server Error", 500],
        ["response status code 404: name unknown: repository name not known to registry", 404],
        ["The requested URL returned error: 403", 403],
        ['{"errors":[{"status":429,"message":"slow down"}]}', 429],
        ["exit status 128", undefined],
        ["no match found for semver: 5.x.401", undefined],
        ["container exited after 404 seconds", undefined],
    ])("count where a status stands: in %j it is %s", (message, status) => {
        expect(takenApart(message).status).toBe(status);
    });
});

describe("a message of any length", () => {
    it.each(["a/".repeat(1e6), '"'.repeat(1e6), "status ".repeat(2e5), "https://".repeat(2e5), "[".repeat(1e6)])(
        "is read no further than it can be of use: %#",
        text => {
            const { words } = takenApart(text);
            expect(words.length).toBeLessThan(20_000);
        },
    );

    it("tells its cause at the end, where programs write it", () => {
        expect(causeOf(`${"x".repeat(100_000)}: net/http: TLS handshake timeout`)).toBe("tls-timeout");
    });
});

describe("the cause of a failed download", () => {
    it.each([
        [
            containerd('failed to do request: Head "https://ghcr.io/v2/": net/http: TLS handshake timeout'),
            "tls-timeout",
            true,
        ],
        [
            containerd('failed to do request: Get "https://ghcr.io/v2/": dial tcp 192.0.2.1:443: i/o timeout'),
            "timeout",
            true,
        ],
        [containerd("context deadline exceeded"), "timeout", true],
        [containerd('Head "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: Try again'), "dns", true],
        [containerd("dial tcp 192.0.2.1:443: connect: connection refused"), "refused", true],
        [containerd("read tcp 10.0.0.1:5->192.0.2.1:443: read: connection reset by peer"), "reset", true],
        [containerd('Get "https://ghcr.io/v2/a/blobs/x": EOF'), "reset", true],
        [containerd("dial tcp 192.0.2.1:443: connect: no route to host"), "unreachable", true],
        [
            containerd("tls: failed to verify certificate: x509: certificate has expired or is not yet valid"),
            "certificate",
            false,
        ],
        [
            containerd("unexpected status from HEAD request to https://ghcr.io/v2/a/manifests/1: 403 Forbidden"),
            "auth",
            false,
        ],
        ["toomanyrequests: You have reached your unauthenticated pull rate limit.", "rate-limit", false],
        [containerd("ghcr.io/a/b:1: not found"), "not-found", false],
        [containerd("unexpected status code https://ghcr.io/v2/: 503 Service Unavailable"), "upstream", false],
        ["no match for platform in manifest: not found", "platform", false],
        ["failed to extract layer: write /var/lib/x: no space left on device", "no-space", false],
        ["a sentence that nobody foresaw", "other", false],
    ])("in %j is %s", (message, cause, ofNetwork) => {
        expect(causeOf(message)).toBe(cause);
        expect(isOfNetwork(causeOf(message))).toBe(ofNetwork);
    });
});
