import { describe, expect, test } from "vitest";
import { evidenceOf } from "../../../../cli/evidence/evidenceOf.ts";
import { withoutSecrets } from "../../../../network/evidence/withoutSecrets.ts";
import { gateway } from "../../network/verdict/reports.ts";
import { recorded, runWith } from "./runs.ts";

describe("what has the form of a secret is removed", () => {
    const SECRET = "s3cr3tValue0123456789";
    test.each([
        ["a signed address", `Get "https://cdn.example/blob?X-Amz-Signature=${SECRET}&X-Amz-Date=1": EOF`],
        ["a password in an address", `proxy http://admin:${SECRET}@10.0.0.1:3128 refused`],
        ["a bearer token", `Authorization: Bearer ${SECRET}`],
        ["basic credentials", `header Authorization: Basic ${SECRET}=`],
        ["a header without a scheme", `X-Registry-Auth: ${SECRET}`],
        ["a named value", `password=${SECRET} user=x`],
        ["a named value in JSON", `{"token":"${SECRET}","expires_in":300}`],
        ["a named value in JSON in JSON", `{\\"access_key\\":\\"${SECRET}\\"}`],
        ["a JSON web token", `got eyJhbGciOiJSUzI1NiJ9.${SECRET}.${SECRET}`],
        ["a Doppler token", `dp.st.prd.${SECRET}`],
        ["a GitHub token", `ghp_${SECRET}`],
        ["a private key", `-----BEGIN OPENSSH PRIVATE KEY-----\n${SECRET}\n-----END OPENSSH PRIVATE KEY-----`],
        ["a private key that was cut off", `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}`],
    ])("%s", (_, text) => {
        const cleaned = withoutSecrets({ list: [{ message: text }] });
        expect(JSON.stringify(cleaned)).not.toContain(SECRET);
        expect(JSON.stringify(cleaned)).toContain("[removed]");
    });
});

test.each([
    "failed to fetch anonymous token: unauthorized",
    "net/http: TLS handshake timeout",
    "ghcr.io/fluxcd/source-controller:v1.6.2",
    "https://ghcr.io/v2/fluxcd/source-controller/manifests/v1.6.2",
    "inet clearpath: tcp option maxseg size set 1340",
    "2001:db8:1::10",
    "user@host",
])("%s stays as it is", text => expect(withoutSecrets(text)).toBe(text));

test("the secrets of a run's connections are removed wherever they stand, also a jump host's", () => {
    const connections = [
        { host: "10.0.0.1", password: "correct horse", proxy: { privateKeyPassword: "battery staple" } },
    ];
    const unprobed = [{ vantagePoint: "cp1", reason: 'sudo said "correct horse battery staple"' }];
    const { plan, verdict, reports } = runWith();
    const [startedAt, endedAt] = [new Date(), new Date()];
    const evidence = evidenceOf({ reports, verdict, unprobed }, { plan, startedAt, endedAt, connections });
    expect(evidence.unprobed[0]!.reason).toBe('sudo said "[removed] [removed]"');
});

test("a short password does not blank words out of the evidence", () => {
    const { plan, verdict } = runWith();
    const [startedAt, endedAt] = [new Date(), new Date()];
    const found = { reports: [gateway()], verdict, unprobed: [] };
    const evidence = evidenceOf(found, { plan, startedAt, endedAt, connections: [{ password: "none" }] });
    expect(evidence.verdict.cause).toBe("none");
});

test("a recorded run holds neither a query of an address nor a connection", async () => {
    for (const when of ["before", "after"] as const) {
        const text = JSON.stringify(await recorded(when));
        expect(text).not.toMatch(/https?:\/\/[^"\s]*\?(?!\[removed\])/);
        expect(text).not.toMatch(/privateKey|hostKey|password/i);
    }
});
