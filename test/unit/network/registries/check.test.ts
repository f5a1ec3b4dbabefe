import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { checkRegistries } from "../../../../network/registries/check.ts";
import { RULES } from "../../../../network/registries/finding.ts";
import { parseK3sVersion } from "../../../../network/registries/version.ts";
import { anyRegistries } from "./arbitrary.ts";

/** A mirror of Docker Hub with these lines below `endpoint:`, the first of which is line 4. */
function endpoints(...lines: string[]): string {
    return ["mirrors:", "  docker.io:", "    endpoint:", ...lines.map(line => `      - ${line}`)].join("\n");
}

/** A mirror with one good endpoint and this rewrite in line 6. */
function rewrite(line: string): string {
    return `${endpoints("https://cache.lan")}\n    rewrite:\n      ${line}`;
}

/** A mirror of Docker Hub on cache.lan:5000 and, from line 6, the settings of one host. */
function config(host: string, ...lines: string[]): string {
    return [endpoints("https://cache.lan:5000"), "configs:", `  ${host}:`, ...lines.map(line => `    ${line}`)].join(
        "\n",
    );
}

/** Findings as `line severity rule`. */
function found(text: string, version?: string): string[] {
    const findings = checkRegistries(text, version === undefined ? null : parseK3sVersion(version));
    return findings.map(({ line, severity, rule }) => `${line} ${severity} ${rule}`);
}

const WILDCARD = 'mirrors:\n  "*":\n    endpoint:\n      - https://cache.lan';
const HUB_AUTH = "auth: {username: u, password: p}";

describe("nothing is said about", () => {
    test.each([
        ["an empty file", ""],
        ["a mirror", endpoints("https://cache.lan:5000", "https://[2001:db8::5]:5000/v2")],
        ["a mirror on the node itself", endpoints("http://localhost:5000", "http://127.0.0.1:5001")],
        ["a path of a registry with projects", endpoints("https://harbor.lan/v2/hub")],
        ["settings of an endpoint", config("cache.lan:5000", "tls: {ca_file: /ca.pem}", HUB_AUTH)],
        ["settings of a mirrored registry", config("registry-1.docker.io", HUB_AUTH)],
        ["an identity token", config("cache.lan:5000", "auth: {identity_token: t}")],
        ["encoded credentials", config("cache.lan:5000", "auth: {auth: dXNlcjpwYXNz}")],
        ["a client certificate", config("cache.lan:5000", "tls: {cert_file: /a.crt, key_file: /a.key}")],
    ])("%s", (_, text) => {
        expect(found(text)).toEqual([]);
    });
});

const CASES: readonly [what: string, text: string, expected: string[]][] = [
    ["an unreadable file", "mirrors: [", ["1 error unreadable"]],
    ["every unknown key", "mirror: {}\nmirrors: {}\nauths: {}", ["1 error unreadable", "3 error unreadable"]],

    [
        "a mirror for Docker Hub's host",
        endpoints("https://a.lan").replace("docker.io", "index.docker.io"),
        ["2 error mirror-name"],
    ],
    ["a mirror for a URL", endpoints("https://a.lan").replace("docker.io", "https://ghcr.io"), ["2 error mirror-name"]],
    ["a mirror in capitals", endpoints("https://a.lan").replace("docker.io", "GHCR.io"), ["2 error mirror-name"]],
    ["a mirror for no host", endpoints("https://a.lan").replace("docker.io", "a b"), ["2 error mirror-name"]],
    ["a mirror for _default", endpoints("https://a.lan").replace("docker.io", "_default"), ["2 error mirror-name"]],
    ["a mirror without endpoint", "mirrors:\n  ghcr.io:\n", ["2 info mirror-without-endpoint"]],
    ["rewrites without endpoint", "mirrors:\n  ghcr.io:\n    rewrite: {a: b}", ["2 warning rewrite-without-endpoint"]],
    [
        "both wildcards",
        `${WILDCARD}\n  _default: {}`,
        [
            "2 warning wildcard-loses-upstream",
            "5 error wildcard-twice",
            "5 error mirror-name",
            "5 info mirror-without-endpoint",
        ],
    ],
    [
        "an upstream listed last",
        endpoints("https://a.lan", "docker.io"),
        ["5 info upstream-listed", "5 info endpoint-scheme"],
    ],
    [
        "an upstream before others",
        endpoints("https://registry-1.docker.io", "https://a.lan"),
        ["4 warning upstream-listed"],
    ],

    ["rewrites the upstream does not have", rewrite("'^(.*)$': 'hub/$1'"), ["5 info rewrite-not-upstream"]],
    ["a backslash in a rewrite", rewrite("'a\\.b': c"), ["5 info rewrite-not-upstream", "6 error rewrite-quoting"]],
    ["a quote in a replacement", rewrite("a: 'b\"'"), ["5 info rewrite-not-upstream", "6 error rewrite-quoting"]],
    ["a lookahead", rewrite("'(?!library)': x"), ["5 info rewrite-not-upstream", "6 error rewrite-pattern"]],
    ["a pattern that is not closed", rewrite("'(a': x"), ["5 info rewrite-not-upstream", "6 error rewrite-pattern"]],
    ["no fault in Go's flags and names", rewrite("'(?i)(?P<a>x)(?s:.*)': x"), ["5 info rewrite-not-upstream"]],
    ["no fault in a backslash that TOML reads", rewrite("'a\\\\.b': c"), ["5 info rewrite-not-upstream"]],

    ["an endpoint without a scheme", endpoints("cache.lan"), ["4 info endpoint-scheme"]],
    ["an endpoint with another scheme", endpoints("oci://cache.lan"), ["4 error endpoint-scheme"]],
    ["a port that is no number", endpoints("https://a.lan:x"), ["4 error endpoint-invalid"]],
    ["credentials in an endpoint", endpoints("https://u:p@a.lan"), ["4 error endpoint-invalid"]],
    ["IPv6 without brackets", endpoints("https://2001:db8::5"), ["4 error endpoint-ipv6"]],
    ["IPv6 and a port without brackets", endpoints("2001:db8::5:5000/v2"), ["4 error endpoint-ipv6"]],
    [
        "a port out of range",
        endpoints("https://a.lan:65536", "https://b.lan:0"),
        ["4 error endpoint-port", "5 error endpoint-port"],
    ],
    ["a colon without a port", endpoints('"https://a.lan:"'), ["4 error endpoint-port"]],
    ["https on the port of http", endpoints("https://a.lan:80"), ["4 warning endpoint-port"]],
    ["a path without /v2", endpoints("https://a.lan/hub"), ["4 warning endpoint-path"]],
    ["duplicates", endpoints("https://a.lan", "https://a.lan/", "https://b.lan"), ["5 warning endpoint-duplicate"]],
    ["a name of the cluster", endpoints("https://cache.infra.svc.cluster.local"), ["4 error endpoint-unreachable"]],
    ["an unspecified address", endpoints("https://0.0.0.0:5000"), ["4 error endpoint-unreachable"]],
    ["a link-local IPv6 address", endpoints("'https://[fe80::1]:5000'"), ["4 error endpoint-unreachable"]],
    ["plain http", endpoints("http://192.0.2.5:5000"), ["4 warning endpoint-plain-http"]],

    ["a URL for a host", config("https://cache.lan:5000", "tls: {}"), ["6 error config-name"]],
    ["_default for a host", config("_default", "tls: {}"), ["6 error config-name"]],
    ["a host that is none", config("a b", "tls: {}"), ["6 error config-name"]],
    ["settings without the endpoint's port", config("cache.lan", "tls: {}"), ["6 warning config-unused"]],
    ["settings that no endpoint uses", config("other.lan", "tls: {}"), ["6 info config-unused"]],
    ["settings of the wildcard", config('"*"', "tls: {ca_file: /ca.pem}"), ["6 warning wildcard-settings"]],
    [
        "credentials under index.docker.io",
        config("index.docker.io", HUB_AUTH),
        ["6 info config-unused", "7 error docker-hub-auth"],
    ],
    ["a user without a password", config("cache.lan:5000", "auth: {username: u}"), ["7 error auth-incomplete"]],
    ["empty credentials", config("cache.lan:5000", "auth: {}"), ["7 warning auth-incomplete"]],
    ["credentials encoded wrongly", config("cache.lan:5000", "auth: {auth: user:pass}"), ["7 error auth-incomplete"]],
    [
        "credentials given twice",
        config("cache.lan:5000", "auth: {username: u, password: p, identity_token: t}"),
        ["7 warning auth-twice"],
    ],
    [
        "credentials over http",
        config("cache.lan:5000", HUB_AUTH).replace("https", "http"),
        ["4 warning endpoint-plain-http", "7 error auth-over-http"],
    ],
    [
        "certificates that are not verified",
        config("cache.lan:5000", "tls: {insecure_skip_verify: true}"),
        ["7 warning tls-unverified"],
    ],
    ["a certificate without its key", config("cache.lan:5000", "tls: {cert_file: /a.crt}"), ["7 error tls-client"]],
    ["a key without its certificate", config("cache.lan:5000", "tls: {key_file: /a.key}"), ["7 error tls-client"]],
    ["a relative path", config("cache.lan:5000", "tls: {ca_file: ca.pem}"), ["7 error tls-path"]],
];

describe("a rule finds", () => {
    test.each(CASES)("%s", (_, text, expected) => {
        expect(found(text)).toEqual(expected);
    });
});

const CASES_BY_RELEASE: readonly [text: string, version: string | undefined, expected: string[]][] = [
    [WILDCARD, "v1.31.6+k3s1", ["2 error wildcard-loses-upstream"]],
    [WILDCARD, "v1.32.2+k3s1", ["2 error wildcard-loses-upstream"]],
    [WILDCARD, "v1.29.2+k3s1", ["2 error wildcard-loses-upstream"]],
    [WILDCARD, "v1.32.3+k3s1", []],
    [WILDCARD, undefined, ["2 warning wildcard-loses-upstream"]],
    [config("docker.io", HUB_AUTH), "v1.32.6+k3s1", ["7 error docker-hub-auth"]],
    [config("docker.io", HUB_AUTH), "v1.32.7+k3s1", []],
    [config("docker.io", HUB_AUTH), undefined, ["7 warning docker-hub-auth"]],
    [config("registry-1.docker.io", HUB_AUTH), "v1.32.6+k3s1", []],
];

describe("the release decides", () => {
    test.each(CASES_BY_RELEASE)("%s on %s", (text, version, expected) => {
        expect(found(text, version)).toEqual(expected);
    });
});

test("every rule is shown to find something", () => {
    const shown = [...CASES.map(([, , expected]) => expected), ...CASES_BY_RELEASE.map(([, , expected]) => expected)];
    const rules = new Set(shown.flat().map(finding => finding.split(" ")[2]));

    expect(Object.keys(RULES).filter(rule => !rules.has(rule))).toEqual([]);
});

test("every rule is in the documentation", () => {
    const page = readFileSync("docs/reference/registries.md", "utf8").replaceAll(/ +/g, " ");

    for (const [rule, about] of Object.entries(RULES)) expect(page).toContain(`| \`${rule}\` | ${about} |\n`);
});

test("a finding says where it is, what happens and what to do", () => {
    expect(checkRegistries(endpoints("https://cache.lan/hub"))).toEqual([
        {
            rule: "endpoint-path",
            severity: "warning",
            line: 4,
            column: 9,
            path: 'mirrors["docker.io"].endpoint[0]',
            message:
                "containerd asks for https://cache.lan/hub/<image>/manifests, without the /v2 of a registry. " +
                "Write https://cache.lan/v2/hub.",
        },
    ]);
});

describe("for any registries", () => {
    test("checking does not throw, and no finding shows a secret", () => {
        fc.assert(
            fc.property(anyRegistries, registries => {
                const findings = checkRegistries(
                    stringify(registries, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "QUOTE_DOUBLE" }),
                );

                expect(JSON.stringify(findings)).not.toMatch(/hush/);
                expect(findings.filter(finding => finding.rule === "unreadable")).toEqual([]);
            }),
        );
    });
});
