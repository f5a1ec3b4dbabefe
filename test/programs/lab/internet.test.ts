import { verify, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { LabTls } from "../../../lab/network/internet/certificates.ts";
import { makeTls } from "../../../lab/network/internet/certificates.ts";
import { registryConfig } from "../../../lab/network/internet/distribution.ts";
import { draws } from "../../../lab/network/internet/draw.ts";
import { faultRules } from "../../../lab/network/internet/faultRules.ts";
import { anonymousAccess, registryToken } from "../../../lab/network/internet/token.ts";
import { parseScenario } from "../../../lab/network/scenario.ts";

const MAXIMUM_SEGMENT = 1460;

describe("the lab's certificates and tokens", () => {
    let ca: X509Certificate;
    let tls: LabTls;
    beforeAll(async () => {
        const made = await makeTls(["ghcr.io"]);
        ca = new X509Certificate(made.ca);
        tls = made.tls;
    }, 60_000);

    /** The certificates of a chain, the host's own first. */
    const chainOf = (kind: "valid" | "expired" | "unknown-ca") =>
        tls.chains["ghcr.io"]![kind].match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g)!.map(
            pem => new X509Certificate(pem),
        );

    it("lead from the host to the lab's root", () => {
        const chain = chainOf("valid");

        expect(chain[0]!.checkHost("ghcr.io")).toBe("ghcr.io");
        chain.forEach((certificate, index) => {
            expect(certificate.verify((chain[index + 1] ?? ca).publicKey)).toBe(true);
        });
        expect(chain.at(-1)!.fingerprint256).toBe(ca.fingerprint256);
    });

    it("fill more than three packets", () => {
        const bytes = chainOf("valid").reduce((sum, { raw }) => sum + raw.length, 0);

        expect(bytes).toBeGreaterThan(3 * MAXIMUM_SEGMENT);
    });

    it("can be expired, or of an authority that nobody trusts", () => {
        expect(new Date(chainOf("expired")[0]!.validTo).getTime()).toBeLessThan(Date.now());
        expect(new Date(chainOf("unknown-ca")[0]!.validTo).getTime()).toBeGreaterThan(Date.now());
        expect(chainOf("unknown-ca").at(-1)!.fingerprint256).not.toBe(ca.fingerprint256);
    });

    it("sign tokens that grant what was asked for, for five minutes", () => {
        const now = new Date("2026-01-02T03:04:05Z");
        const access = anonymousAccess(["repository:a/b:pull"]);

        const [header, claims, signature] = registryToken(tls.tokenSigner, "ghcr.io", access, now).split(".");

        const key = {
            key: new X509Certificate(tls.tokenSigner.certificate).publicKey,
            dsaEncoding: "ieee-p1363",
        } as const;
        expect(verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature!, "base64url"))).toBe(
            true,
        );
        expect(JSON.parse(Buffer.from(claims!, "base64url").toString())).toMatchObject({
            aud: "ghcr.io",
            exp: now.getTime() / 1000 + 300,
            access: [{ type: "repository", name: "a/b", actions: ["pull"] }],
        });
    });
});

describe("an anonymous client", () => {
    it.each([
        [["repository:a/b:pull,push"], [{ type: "repository", name: "a/b", actions: ["pull"] }]],
        [
            ["repository:a:pull repository:b:pull"],
            ["a", "b"].map(name => ({ type: "repository", name, actions: ["pull"] })),
        ],
        [["registry:catalog:*"], []],
        [[], []],
    ])("that asks for %j is granted %j", (scopes, granted) => {
        expect(anonymousAccess(scopes)).toEqual(granted);
    });
});

describe("a docker-registry of the lab", () => {
    it("sends clients to the host's real token service and takes no uploads", () => {
        const config = JSON.parse(
            registryConfig("registry-1.docker.io", { storage: "/s", tokenCertificate: "/t.pem" }),
        );

        expect(config.auth.token).toMatchObject({
            realm: "https://auth.docker.io/token",
            service: "registry.docker.io",
        });
        expect(config.storage.maintenance.readonly).toEqual({ enabled: true });
        expect(config.http.addr).toMatch(/^127\.0\.0\.1:/);
    });
});

describe("hosts that are unreachable", () => {
    it("are dropped or reset by address in both IP versions, and no others", () => {
        const rules = faultRules(
            parseScenario({
                internet: {
                    endpoints: {
                        "ghcr.io": { unreachable: "drop" },
                        "quay.io": { unreachable: "reset" },
                        "api.doppler.com": { status: 503 },
                    },
                },
            }),
        );

        const verdicts = rules.split("\n").filter(line => line.includes("daddr"));
        expect(verdicts.map(line => line.trim())).toEqual([
            "ip daddr 192.0.2.10 drop",
            "ip6 daddr 2001:db8:1:2::10 drop",
            "ip daddr 192.0.2.20 meta l4proto tcp reject with tcp reset",
            "ip6 daddr 2001:db8:1:2::20 meta l4proto tcp reject with tcp reset",
        ]);
    });
});

describe("draws", () => {
    it("repeat for the same seed, differ for another, and spread evenly", () => {
        const take = (seed: string) => {
            const draw = draws(seed);
            return Array.from({ length: 2000 }, () => draw());
        };

        expect(take("1/a")).toEqual(take("1/a"));
        expect(take("1/a")).not.toEqual(take("1/b"));
        const fifth = take("1/a").filter(value => value < 0.2).length;
        expect(fifth).toBeGreaterThan(320);
        expect(fifth).toBeLessThan(480);
    });
});
