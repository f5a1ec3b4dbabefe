import { describe, expect, it } from "vitest";
import { diagnose } from "../../../../cluster/diagnose/diagnose.ts";
import { diagnosisMarkdown } from "../../../../cluster/diagnose/markdown.ts";
import { diagnosisText } from "../../../../cluster/diagnose/text.ts";
import { clusterOf, stuckPull } from "./standIn.ts";

const found = (...pulls: [image: string, why: string][]) =>
    diagnose(clusterOf(pulls.flatMap(([image, why], index) => stuckPull(`p${index}`, image, why))));

const notFound = (image: string) =>
    `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
const asked = (url: string, why: string) => `failed to do request: Head "${url}": ${why}`;
const TLS_TIMEOUT = "net/http: TLS handshake timeout";
const REFUSED = "dial tcp 127.0.0.1:5000: connect: connection refused";

describe("a mirror", () => {
    it('that answers "not found" for several registries is told as what hides the registries', async () => {
        const images = ["ghcr.io/a/b:1", "docker.io/library/redis:7", "registry.k8s.io/pause:3.10"];
        const { conclusion, blocking } = await found(...images.map((one): [string, string] => [one, notFound(one)]));
        expect(blocking).toBe(true);
        expect(conclusion.culprit).toBe("none");
        expect(conclusion.sentence).toContain("is unknown");
        expect(conclusion.sentence).not.toMatch(/not at fault|reach it/);
        expect(conclusion.actions.join()).toContain("clearpath probe");
        expect(conclusion.actions.join()).not.toMatch(/Compare the image|Correct/);
    });

    it.each([
        ["https://127.0.0.1:6443/v2/a/b/manifests/1?ns=ghcr.io", "127.0.0.1:6443"],
        ["http://registry.lan:5000/v2/a/b/manifests/1", "registry.lan:5000"],
        ["https://mirror.example.com/v2/ghcr.io/a/b/manifests/1", "mirror.example.com"],
    ])("that is named in %s is told as the one that answered", async (url, mirror) => {
        const why = `unexpected status from HEAD request to ${url}: 500 Internal Server Error`;
        const { pulls, conclusion } = await found(["ghcr.io/a/b:1", why]);
        expect(pulls).toMatchObject([{ mirror, registryAnswered: false, cause: "upstream" }]);
        expect(conclusion.sentence).toContain(mirror);
        expect(conclusion.sentence).toContain("is unknown");
    });

    it("that nobody answers for is one cause, however many registries are behind it", async () => {
        const { conclusion } = await found(
            ["ghcr.io/a/b:1", asked("http://127.0.0.1:5000/v2/a/b/manifests/1?ns=ghcr.io", REFUSED)],
            ["quay.io/a/c:1", asked("http://127.0.0.1:5000/v2/a/c/manifests/1?ns=quay.io", REFUSED)],
        );
        expect(conclusion.sentence).toContain("one mirror, 127.0.0.1:5000");
        expect(conclusion.sentence).not.toContain("nothing in common");
    });

    it("is not seen in hosts of the registry's own operator", async () => {
        const { pulls } = await found(
            ["nginx:1", asked("https://registry-1.docker.io/v2/library/nginx/manifests/1", TLS_TIMEOUT)],
            ["ghcr.io/a/b:1", asked("https://pkg-containers.githubusercontent.com/ghcr1/blobs/x", TLS_TIMEOUT)],
        );
        expect(pulls.map(({ mirror }) => mirror)).toEqual([null, null]);
    });
});

describe("the network", () => {
    it("is named where registries of different operators fail alike", async () => {
        const { conclusion } = await found(["ghcr.io/a/b:1", TLS_TIMEOUT], ["quay.io/a/c:1", TLS_TIMEOUT]);
        expect(conclusion.culprit).toBe("network");
        expect(conclusion.sentence).toContain("2 registries that have nothing in common fail alike");
    });

    it("is not told from two registries of one operator", async () => {
        const { conclusion } = await found(["gcr.io/a/b:1", TLS_TIMEOUT], ["registry.k8s.io/pause:3", TLS_TIMEOUT]);
        expect(conclusion.sentence).toContain("run by one operator (Google)");
    });

    it.each([
        [
            "a status of the registry itself",
            "unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/1: 403 Forbidden",
            true,
        ],
        [
            "a status of somebody else",
            "unexpected status from HEAD request to https://mirror.lan/v2/a/b/manifests/1?ns=ghcr.io: 403 Forbidden",
            false,
        ],
        ["a word without a status", "pull access denied", false],
        ["a message that nobody foresaw", "the flux capacitor is empty", false],
        ["a name that was not found, by whomever", notFound("ghcr.io/a/b:1"), false],
    ])("is said to carry requests only after an answer of the registry: %s", async (_, why, isCleared) => {
        const { conclusion } = await found(["ghcr.io/a/b:1", why]);
        expect(/requests of the node reach it/.test(conclusion.sentence)).toBe(isCleared);
    });

    it("is not acquitted by a message that Clearpath does not know", async () => {
        const { conclusion, blocking } = await found(["ghcr.io/a/b:1", "the flux capacitor is empty"]);
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: true, culprit: "none" });
        expect(conclusion.sentence).toContain("nobody is cleared");
    });

    it("is not blamed for a registry's name that does not exist", async () => {
        const why = "dial tcp: lookup ghcr.oi on 127.0.0.53:53: no such host";
        const { conclusion } = await found(["ghcr.oi/a/b:1", why]);
        expect(conclusion).toMatchObject({
            culprit: "registry",
            sentence: expect.stringContaining("ghcr.oi does not exist"),
        });
    });

    it("is blamed where the resolver denies a name that everybody knows, or several names", async () => {
        const denied = (host: string) => `dial tcp: lookup ${host} on 127.0.0.53:53: no such host`;
        expect((await found(["ghcr.io/a/b:1", denied("ghcr.io")])).conclusion.culprit).toBe("network");
        const several = await found(
            ["r.example.com/a:1", denied("r.example.com")],
            ["s.example.org/a:1", denied("s.example.org")],
        );
        expect(several.conclusion.culprit).toBe("network");
    });
});

describe("the node", () => {
    it.each([
        "rpc error: code = Unavailable desc = error reading from server: EOF",
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/k3s/containerd/containerd.sock: connect: no such file or directory"',
        "failed to extract layer sha256:84ec: mount callback failed on /var/x: unexpected EOF: unknown",
        "pull QPS exceeded",
        "failed to get content: content digest sha256:aa11: not found",
        asked("https://ghcr.io/v2/", "dial tcp 192.0.2.1:443: connect: operation not permitted"),
        "write /var/lib/x: no space left on device",
        "open /var/lib/x: too many open files",
    ])("is the culprit of %j", async why => {
        expect((await found(["ghcr.io/a/b:1", why])).conclusion.culprit).toBe("node");
    });
});

describe("a certificate", () => {
    const x509 = (why: string) => asked("https://ghcr.io/v2/", `tls: failed to verify certificate: x509: ${why}`);
    it.each([
        [
            "certificate has expired or is not yet valid: current time 2021-01-01T00:00:32Z is before 2021-04-01T15:31:09Z",
            "it is behind",
        ],
        [
            "certificate has expired or is not yet valid: current time 2026-01-01T00:00:32Z is after 2025-04-01T15:31:09Z",
            "it has expired",
        ],
        ["certificate is not valid for any names, but wanted to match traefik.local", "who answers under that name"],
        ["certificate is valid for a.example, not b.example", "who answers under that name"],
        ["certificate signed by unknown authority", "the authority that signs"],
    ])("with %j has advice of its own", async (why, advice) => {
        expect((await found(["ghcr.io/a/b:1", x509(why)])).conclusion.actions.join()).toContain(advice);
    });
});

describe("many pulls of one cause", () => {
    it("are one paragraph before any list, and the list is bounded", async () => {
        const diagnosis = await found(
            ...Array.from({ length: 36 }, (_, index): [string, string] => [`quay.io/a/app${index}:1`, TLS_TIMEOUT]),
        );
        const page = diagnosisText(diagnosis);
        expect(page).toContain("TLS handshake timeout: 36 images on 1 node, 36 pods waiting, 108 failures");
        expect(page).toContain("and 16 more: --json lists all");
        expect(page.indexOf("36 images on 1 node")).toBeLessThan(page.indexOf("✘"));
        expect(diagnosis.pulls).toHaveLength(36);
    });
});

describe("a message of somebody else", () => {
    it("brings no control characters to the terminal and no markup to a comment", async () => {
        const diagnosis = await found(["ghcr.io/a/b:1", "\u001b[2Jx ![x](http://e.example) @team <img>"]);
        expect(diagnosisText(diagnosis)).not.toContain("\u001b");
        const outsideCode = diagnosisMarkdown(diagnosis).replace(/`[^`]*`/g, "");
        expect(outsideCode).not.toMatch(/!\[x\]|@team|<img>/);
    });
});
