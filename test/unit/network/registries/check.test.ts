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
    const findings = checkRegistries(text, { version: version === undefined ? null : parseK3sVersion(version) });
    return findings.map(({ line, severity, rule }) => `${line} ${severity} ${rule}`);
}

const WILDCARD = 'mirrors:\n  "*":\n    endpoint:\n      - https://cache.lan';
const HUB_AUTH = "auth: {username: u, password: p}";
const HUB = `mirrors:\nconfigs:\n  docker.io:\n    ${HUB_AUTH}`;

describe("nothing is said about", () => {
    test.each([
        ["an empty file", ""],
        ["a mirror", endpoints("https://cache.lan:5000", "https://other.lan:5000/v2")],
        [
            "a merge key and what it is made of",
            'x-hub: &hub {endpoint: ["https://a.lan"]}\nmirrors: {docker.io: {<<: *hub}}',
        ],
        [
            "settings of a mirrored registry and of its endpoint",
            `${config("ghcr.io", HUB_AUTH)}\n  a.lan: {${HUB_AUTH}}`
                .replace("docker.io", "ghcr.io")
                .replace("cache.lan:5000", "a.lan"),
        ],
        ["credentials with padding", config("cache.lan:5000", "auth: {auth: dXNlcjpwYXNzMQ==}")],
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
    ["every unknown key", "mirror: {}\nmirrors: {}\nnothing: {}", ["1 error unknown-key", "3 warning unknown-key"]],
    ["the list of credentials that k3d writes", "mirrors: {}\nauths: {}", ["2 info auths-unused"]],
    ["a second document", "mirrors: {}\n---\nconfigs: {}", ["2 error unread-part"]],
    ["two sections of one name", "mirrors: {}\nmirrors: {}", ["2 warning section-twice"]],
    ["a setting twice", `${endpoints("https://a.lan")}\n    endpoint: ["https://b.lan"]`, ["5 error key-twice"]],
    [
        "a merge key that replaces what stands above",
        'x-a: &a {endpoint: ["https://a.lan"]}\nmirrors:\n  docker.io:\n    endpoint: ["https://b.lan"]\n    <<: *a',
        ["1 warning merge-order"],
    ],

    [
        "a mirror for Docker Hub's host",
        endpoints("https://a.lan").replace("docker.io", "index.docker.io"),
        ["2 error mirror-name"],
    ],
    ["a mirror for a URL", endpoints("https://a.lan").replace("docker.io", "https://ghcr.io"), ["2 error mirror-name"]],
    ["a mirror in capitals", endpoints("https://a.lan").replace("docker.io", "GHCR.io"), ["2 error mirror-name"]],
    ["a mirror for no host", endpoints("https://a.lan").replace("docker.io", "a b"), ["2 error mirror-name"]],
    ["a mirror for _default", endpoints("https://a.lan").replace("docker.io", "_default"), ["2 error mirror-name"]],
    [
        "a mirror for a name without domain",
        endpoints("https://a.lan").replace("docker.io", "registry"),
        ["2 error mirror-name"],
    ],
    [
        "a mirror for a pattern",
        endpoints("https://a.lan").replace("docker.io", '"*.example.com"'),
        ["2 error mirror-name"],
    ],
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
    [
        "rewrites whose only endpoint is the upstream",
        rewrite("a: b").replace("cache.lan", "registry-1.docker.io/v2"),
        ["5 warning rewrite-without-endpoint"],
    ],
    [
        "no fault in an upstream with its port",
        rewrite("a: b").replace("cache.lan", "registry-1.docker.io:443"),
        ["5 info rewrite-not-upstream"],
    ],
    [
        "a group's name that takes the letters behind it",
        rewrite("'^(.*)$': hub_$1_x"),
        ["5 info rewrite-not-upstream", "6 error rewrite-group"],
    ],
    [
        "a group that the pattern does not have",
        rewrite("'^a/b': c/$1"),
        ["5 info rewrite-not-upstream", "6 warning rewrite-group"],
    ],
    [
        "no fault in a group in braces",
        rewrite("'^(.*)/(?P<last>.*)$': '${1}_x/${last}$last'"),
        ["5 info rewrite-not-upstream"],
    ],
    [
        "a tag in a pattern",
        rewrite("'^library/alpine:3.*': a"),
        ["5 info rewrite-not-upstream", "6 error rewrite-never"],
    ],
    [
        "a digest in a pattern",
        rewrite("'^library/alpine@sha256': a"),
        ["5 info rewrite-not-upstream", "6 error rewrite-never"],
    ],
    [
        "the registry in a pattern",
        rewrite("'^docker.io/(.*)': a/$1"),
        ["5 info rewrite-not-upstream", "6 error rewrite-never"],
    ],
    ["no fault in classes and groups", rewrite("'^(?:[[:alpha:]:]+)$': a"), ["5 info rewrite-not-upstream"]],
    [
        "a registry as the result",
        rewrite("'^(.*)$': 'b.lan:5000/$1'"),
        ["5 info rewrite-not-upstream", "6 error rewrite-result"],
    ],
    [
        "rewrites that match the same repository",
        rewrite("'^strimzi/(.*)': a/$1\n      '(.*)': b/$1"),
        ["5 info rewrite-not-upstream", "7 warning rewrite-overlap"],
    ],
    [
        "no fault in rewrites that exclude each other",
        rewrite("'^strimzi/(.*)': a/$1\n      '^jetstack/(.*)': b/$1"),
        ["5 info rewrite-not-upstream"],
    ],
    ["no fault in Go's flags and names", rewrite("'(?i)(?P<a>x)(?s:.*)': x"), ["5 info rewrite-not-upstream"]],
    ["no fault in a backslash that TOML reads", rewrite("'a\\\\.b': c"), ["5 info rewrite-not-upstream"]],

    ["an endpoint without a scheme", endpoints("cache.lan"), ["4 info endpoint-scheme"]],
    ["an endpoint with another scheme", endpoints("oci://cache.lan"), ["4 error endpoint-scheme"]],
    ["a port that is no number", endpoints("https://a.lan:x"), ["4 error endpoint-invalid"]],
    ["an endpoint without host", endpoints("https://"), ["4 error endpoint-invalid"]],
    ["a query in an endpoint", endpoints("https://a.lan/?ns=x"), ["4 warning endpoint-path"]],
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
    [
        "a link-local IPv6 address",
        endpoints("'https://[fe80::1]:5000'"),
        ["4 error endpoint-unreachable", "4 warning endpoint-ipv6"],
    ],
    ["a scheme without colon", endpoints("https//cache.lan"), ["4 error endpoint-scheme"]],
    ["a scheme with one slash", endpoints("http:/cache.lan:5000"), ["4 error endpoint-scheme"]],
    ["a scheme without slashes", endpoints("https:cache.lan"), ["4 error endpoint-scheme"]],
    ["plain http", endpoints("http://192.0.2.5:5000"), ["4 warning endpoint-plain-http"]],

    ["a URL for a host", config("https://cache.lan:5000", "tls: {}"), ["6 error config-name"]],
    ["_default for a host", config("_default", "tls: {}"), ["6 error config-name"]],
    ["a host that is none", config("a b", "tls: {}"), ["6 error config-name"]],
    ["settings without the endpoint's port", config("cache.lan", "tls: {}"), ["6 warning config-unused"]],
    ["settings without the endpoint's domain", config("cache:5000", "tls: {}"), ["6 warning config-unused"]],
    ["settings in capitals", config("Registry.example.com", "tls: {}"), ["6 warning config-name"]],
    ["settings that no endpoint uses", config("other.lan", "tls: {}"), ["6 info config-unused"]],
    ["settings of a pattern", config('"*.lan"', "tls: {}"), ["6 error config-name"]],
    ["TLS settings of all registries", config('"*"', "tls: {ca_file: /ca.pem}"), ["7 warning wildcard-settings"]],
    ["credentials of all registries", config('"*"', HUB_AUTH), ["7 error wildcard-settings"]],
    [
        "settings that a wildcard's mirror leaves out",
        `${config('"*"', "tls: {ca_file: /ca.pem}")}`.replace("docker.io", '"*"'),
        ["2 warning wildcard-loses-upstream", "7 error wildcard-settings"],
    ],
    [
        "credentials under the mirror's name",
        config("ghcr.io", HUB_AUTH).replace("docker.io", "ghcr.io"),
        ["6 warning endpoint-without-settings"],
    ],
    [
        "TLS settings under the mirror's name",
        config("ghcr.io", "tls: {ca_file: /ca.pem}").replace("docker.io", "ghcr.io"),
        ["6 warning endpoint-without-settings"],
    ],
    [
        "TLS settings for http",
        config("cache.lan:5000", "tls: {ca_file: /ca.pem}").replace("https", "http"),
        ["4 warning endpoint-plain-http", "4 warning tls-for-http"],
    ],
    ["base64 without padding", config("cache.lan:5000", "auth: {auth: dXNlcjpwYXNzMQ}"), ["7 error auth-incomplete"]],
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
    [HUB, "v1.32.6+k3s1", ["3 info config-unused", "4 error docker-hub-auth"]],
    [HUB, "v1.32.7+k3s1", ["3 info config-unused"]],
    [HUB, undefined, ["3 info config-unused", "4 warning docker-hub-auth"]],
    [endpoints("'https://[2001:db8::5]:5000'"), "v1.31.5+k3s1", ["4 error endpoint-ipv6"]],
    [endpoints("'https://[2001:db8::5]:5000'"), "v1.31.6+k3s1", []],
    [endpoints("'https://[2001:db8::5]:5000'"), undefined, ["4 warning endpoint-ipv6"]],
    [config("registry-1.docker.io", HUB_AUTH), "v1.32.6+k3s1", []],
];

describe("the release decides", () => {
    test.each(CASES_BY_RELEASE)("%s on %s", (text, version, expected) => {
        expect(found(text, version)).toEqual(expected);
    });
});

describe("the node's settings decide", () => {
    const wildcard = 'mirrors:\n  "*":\n';
    test.each<[string, string, Parameters<typeof checkRegistries>[1], string[]]>([
        ["a mirror without endpoints", "mirrors:\n  ghcr.io:\n", { embeddedRegistry: true }, []],
        ["a wildcard without endpoints", wildcard, {}, ["info mirror-without-endpoint"]],
        [
            "a wildcard of the embedded registry",
            wildcard,
            { embeddedRegistry: true, version: { minor: 32, patch: 2 } },
            ["error wildcard-loses-upstream"],
        ],
        ["a wildcard without upstream", WILDCARD, { disableDefaultRegistryEndpoint: true }, []],
        [
            "a listed upstream",
            endpoints("https://a.lan", "https://registry-1.docker.io"),
            { disableDefaultRegistryEndpoint: true },
            [],
        ],
        ["a rewrite without upstream", rewrite("a: b"), { disableDefaultRegistryEndpoint: true }, []],
    ])("on %s", (_, text, node, expected) => {
        expect(checkRegistries(text, node).map(({ severity, rule }) => `${severity} ${rule}`)).toEqual(expected);
    });
});

describe("advice does no harm:", () => {
    const advice = (text: string) =>
        checkRegistries(text)
            .map(({ message }) => message)
            .join("\n");

    test("credentials of an endpoint are not sent to Docker Hub", () => {
        const said = advice(config("docker.io", HUB_AUTH));

        expect(said).toContain("cache.lan:5000 has no credentials: K3s looks them up by the endpoint's host");
        expect(said).toContain('write them under configs."cache.lan:5000". If they are meant for Docker Hub');
    });

    test("an unknown key is answered with the word that is meant", () => {
        const said = (text: string) => /Write (.*)\.$/.exec(advice(text))?.[1];

        expect(said("Mirrors: {}")).toBe("`mirrors`");
        expect(said("mirorrs: {}")).toBe("`mirrors`");
        expect(advice("configs: {a.lan: {auth: {token: x}}}")).toContain("Write `identity_token`.");
        expect(said("registries: {mirrors: {}}")).toContain("`mirrors` and `configs` at the top of the file");
        expect(advice("configs: {a.lan: {username: u}}")).toContain("Write `username` under `configs.<host>.auth`.");
        expect(advice("mirrors: {ghcr.io: {tls: {}}}")).toContain("Write `tls` under `configs.<host>`.");
        expect(said("docker.io: {}")).toBe("a registry under `mirrors` or under `configs`");
    });

    test("two sections are not told to be one that is lost", () => {
        const said = advice("mirrors: {}\nmirrors: {}");

        expect(said).not.toContain("takes the last");
        expect(said).toContain("K3s makes one of both");
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
