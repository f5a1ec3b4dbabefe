import { describe, expect, it } from "vitest";
import { causeOf, isOfNetwork } from "../../../cluster/diagnose/failureCause.ts";

const containerd = (why: string) =>
    `failed to pull and unpack image "ghcr.io/a/b:1": failed to resolve reference "ghcr.io/a/b:1": ${why}`;

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
