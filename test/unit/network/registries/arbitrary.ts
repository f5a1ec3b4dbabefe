import fc from "fast-check";
import type { Registries } from "../../../../network/registries/schema.ts";

const host = fc.oneof(
    {
        weight: 20,
        arbitrary: fc.constantFrom(
            "docker.io",
            "registry-1.docker.io",
            "ghcr.io",
            "cache.lan",
            "cache.lan:5000",
            "localhost:5000",
            "127.0.0.1:6443",
            "[2001:db8::5]:5000",
            "192.0.2.5:80",
            "*",
        ),
    },
    {
        weight: 1,
        arbitrary: fc.constantFrom("_default", "::1", "a b", "a:b", "[", "", "/", "..", "a/../b", "u:hush@a"),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);

const endpoint = fc
    .tuple(fc.constantFrom("", "https://", "http://", "://"), host, fc.constantFrom("", "/", "/v2", "/hub", "/v2?x"))
    .map(parts => parts.join(""));

const text = fc.oneof(fc.constantFrom("", "/etc/ca.pem", 'a"b\\c\n', "^(.*)$", "(?=x)"), fc.string({ maxLength: 8 }));
const secret = fc.string({ maxLength: 4 }).map(salt => `hush${salt}`);

const config = fc.record(
    {
        auth: fc.record(
            { username: text, password: secret, auth: secret, identity_token: secret },
            { requiredKeys: [] },
        ),
        tls: fc.record(
            { ca_file: text, cert_file: text, key_file: text, insecure_skip_verify: fc.boolean() },
            { requiredKeys: [] },
        ),
    },
    { requiredKeys: [] },
);

const mirror = fc.record(
    {
        endpoint: fc.array(endpoint, { maxLength: 4 }),
        rewrite: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
    },
    { requiredKeys: [] },
);

/** Registries of every kind: plausible ones mostly, with odd hosts, and secrets that all contain "hush". */
export const anyRegistries: fc.Arbitrary<Registries> = fc.record(
    {
        mirrors: fc.dictionary(host, mirror, { maxKeys: 3, noNullPrototype: true }),
        configs: fc.dictionary(host, config, { maxKeys: 3, noNullPrototype: true }),
    },
    { requiredKeys: [] },
);
