import { describe, expect, test } from "vitest";
import { isLocalhost, normalizeEndpoint } from "../../../../network/registries/endpoint.ts";

describe("an endpoint is normalized as K3s does", () => {
    test.each([
        // endpoint, URL, name in configs, whether the path overrides
        ["cache.lan", "https://cache.lan/v2", "cache.lan", false],
        ["cache.lan:5000/", "https://cache.lan:5000/v2", "cache.lan:5000", false],
        ["HTTP://Cache.lan/v2", "http://Cache.lan/v2", "Cache.lan", false],
        ["docker.io", "https://registry-1.docker.io/v2", "docker.io", false],
        ["https://registry-1.docker.io", "https://registry-1.docker.io/v2", "docker.io", false],
        ["https://index.docker.io", "https://index.docker.io/v2", "index.docker.io", false],
        ["cache.lan/v2/hub", "https://cache.lan/v2/hub", "cache.lan", true],
        ["https://cache.lan/v2/", "https://cache.lan/v2/", "cache.lan", true],
        ["localhost", "https://localhost/v2", "localhost", false],
        ["localhost:", "https://localhost:/v2", "localhost:", false],
        ["localhost:5000", "http://localhost:5000/v2", "localhost:5000", false],
        ["127.0.0.1:443", "https://127.0.0.1:443/v2", "127.0.0.1:443", false],
        ["[::1]:5000", "http://[::1]:5000/v2", "[::1]:5000", false],
        ["[2001:db8::5]:5000", "https://[2001:db8::5]:5000/v2", "[2001:db8::5]:5000", false],
        ["127.0.0.1:6443", "https://127.0.0.1:6443/v2", "127.0.0.1:6443", false],
        ["*", "https://*/v2", "*", false],
        ["", "https:///v2", "", false],
        ["https://", "https:///v2", "", false],
        ["http:///v2", "http:///v2", "", false],
        ["/v2", "https://///v2", "", true],
        ["a.lan/?ns=x", "https://a.lan/v2?ns=x", "a.lan", false],
        ["a.lan/hub#x", "https://a.lan/hub#x", "a.lan", true],
        ["a.lan/a%20b", "https://a.lan/a%20b", "a.lan", true],
        ["a.lan/ü (%21", "https://a.lan/%C3%BC%20%28%21", "a.lan", true],
    ])("%s", (text, url, registry, overridePath) => {
        expect(normalizeEndpoint(text, "127.0.0.1:6443")).toMatchObject({
            kind: "usable",
            url,
            registry,
            overridePath,
        });
    });

    test.each([
        ["a.lan:port", "its port is not a number"],
        ["a.lan:80x", "its port is not a number"],
        ["[::1]x", "its port is not a number"],
        ["[::1", "its IPv6 address has no closing bracket"],
        ["a b", "its host has a character that no host has"],
        ["1http://a.lan", "what is before :// is not a scheme"],
        ["://a.lan", "what is before :// is not a scheme"],
        ["a\tb", "it has a control character"],
        ["a.lan/%zz", "its path has a percent sign without two hexadecimal digits"],
    ])("%s is left out", (text, reason) => {
        expect(normalizeEndpoint(text)).toEqual({ kind: "ignored", reason });
    });

    test.each([
        ["?x://"],
        ["2001:db8::5"],
        ["[nope]:5000"],
        ["u:p@a.lan"],
        ["a%20b"],
        ["a.lan/%762"],
        ["a.lan/#ü"],
        ["ü.lan"],
        ['a"b'],
    ])("%s is not guessed", text => {
        expect(normalizeEndpoint(text).kind).toBe("unclear");
    });
});

test.each([
    ["localhost", true],
    ["localhost:5000", true],
    ["127.8.9.10:80", true],
    ["::1", true],
    ["[::1]:80", true],
    ["[::ffff:127.0.0.1]:80", true],
    ["[::1]", false],
    ["127.1", false],
    ["localhost.lan", false],
    ["192.0.2.1", false],
])("%s is this machine: %s", (host, expected) => {
    expect(isLocalhost(host)).toBe(expected);
});
