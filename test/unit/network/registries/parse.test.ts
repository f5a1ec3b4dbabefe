import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseRegistries } from "../../../../network/registries/parse.ts";
import { Registries } from "../../../../network/registries/schema.ts";
import { anyRegistries } from "./arbitrary.ts";

describe("a registries.yaml is read as K3s reads it", () => {
    test.each([
        ["an empty file", "", {}],
        ["a comment", "# nothing yet\n", {}],
        ["null sections", "mirrors: ~\nconfigs:\n", {}],
        ["a mirror without settings", "mirrors:\n  docker.io:\n", { mirrors: { "docker.io": {} } }],
        [
            "numbers and booleans as the text they are spelt with",
            "configs: {a.lan: {auth: {username: 007, password: 1.50, auth: yes}}}",
            { configs: { "a.lan": { auth: { username: "007", password: "1.50", auth: "yes" } } } },
        ],
        [
            "booleans of YAML 1.1",
            "configs: {a.lan: {tls: {insecure_skip_verify: On}}, b.lan: {tls: {insecure_skip_verify: n}}}",
            {
                configs: {
                    "a.lan": { tls: { insecure_skip_verify: true } },
                    "b.lan": { tls: { insecure_skip_verify: false } },
                },
            },
        ],
        [
            "empty settings apart from missing ones",
            "configs: {a.lan: {tls: {}}, b.lan: {tls: }}",
            { configs: { "a.lan": { tls: {} }, "b.lan": {} } },
        ],
        [
            "nulls in lists and rewrites as empty text",
            "mirrors: {a.lan: {endpoint: [~], rewrite: {x: }}}",
            {
                mirrors: { "a.lan": { endpoint: [""], rewrite: { x: "" } } },
            },
        ],
        [
            "anchors",
            "mirrors:\n  a.lan: &x {endpoint: [c.lan]}\n  b.lan: *x\n",
            { mirrors: { "a.lan": { endpoint: ["c.lan"] }, "b.lan": { endpoint: ["c.lan"] } } },
        ],
        [
            "quoted text with : and ?",
            "mirrors: {a.lan: {endpoint: [':x', 'a?b']}}",
            {
                mirrors: { "a.lan": { endpoint: [":x", "a?b"] } },
            },
        ],
        [
            "a ? inside plain text of a block",
            "configs:\n  a.lan:\n    auth:\n      password: what?\n",
            {
                configs: { "a.lan": { auth: { password: "what?" } } },
            },
        ],
    ])("%s", (_, text, expected) => {
        const { file, problems } = parseRegistries(text);

        expect(problems).toEqual([]);
        expect(file!.registries).toEqual(expected);
    });
});

describe("a file is refused at the place of the fault", () => {
    test.each([
        ["broken syntax", "mirrors:\n  docker.io: [\n", "3:1", "", /flow sequence/],
        ["a tab as indentation", "mirrors:\n\tdocker.io:\n", "2:1", "", /tabs are not allowed/],
        ["a key twice", "mirrors:\n  a.lan:\n  a.lan:\n", "3:3", 'mirrors["a.lan"]', /stands here twice/],
        ["a second document", "mirrors:\n---\nconfigs:\n", "2:1", "", /second document/],
        ["an unknown key", "mirrors: {}\nauths: {}\n", "2:1", "auths", /ignores it; put each under `configs/],
        [
            "a misspelt key",
            "mirrors:\n  docker.io:\n    endpoints:\n      - x\n",
            "3:5",
            'mirrors["docker.io"].endpoints',
            /it is spelt `endpoint`/,
        ],
        [
            "a text for a list",
            "mirrors:\n  a.lan:\n    endpoint: https://b\n",
            "3:5",
            'mirrors["a.lan"].endpoint',
            /a list/,
        ],
        ["a list for a map", "- mirrors\n", "1:1", "", /must be a map/],
        [
            "a map for a text",
            "mirrors:\n  a.lan:\n    endpoint:\n      - b: c\n",
            "4:9",
            'mirrors["a.lan"].endpoint[0]',
            /text/,
        ],
        [
            "a quoted boolean",
            'configs:\n  a.lan:\n    tls:\n      insecure_skip_verify: "true"\n',
            "4:7",
            'configs["a.lan"].tls.insecure_skip_verify',
            /true or false, without quotes/,
        ],
        ["a merge key", "mirrors:\n  <<: {}\n", "2:3", 'mirrors["<<"]', /merge keys/],
        ["a null key", "mirrors:\n  ~: {}\n", "2:3", 'mirrors["~"]', /a key is missing/],
        ["a map as a key", "mirrors:\n  ? {a: b}\n  : {}\n", "1:1", "mirrors", /write it as text/],
        ["a tag", "mirrors:\n  a.lan: !x {}\n", "2:3", 'mirrors["a.lan"]', /tag !x/],
        ["an unknown anchor", "mirrors:\n  a.lan: *x\n", "2:3", 'mirrors["a.lan"]', /no anchor &x/],
        ["an anchor inside itself", "mirrors: &x\n  a.lan: *x\n", "2:3", 'mirrors["a.lan"]', /too many aliases/],
        [
            "text on which readers differ",
            "mirrors: {a.lan: {endpoint: [a?b]}}",
            "1:30",
            'mirrors["a.lan"].endpoint[0]',
            /in quotes/,
        ],
    ])("%s", (_, text, place, path, message) => {
        const { file, problems } = parseRegistries(text);

        expect(file).toBeNull();
        const { line, column, ...problem } = problems[0]!;
        expect(`${line}:${column}`).toBe(place);
        expect(problem.message).toMatch(message);
        expect(problem.path).toBe(path);
    });
});

describe("for any text", () => {
    const anyText = fc.oneof(
        fc.string({ unit: "binary" }),
        fc
            .array(
                fc.constantFrom(
                    "mirrors",
                    "configs",
                    ":",
                    " ",
                    "\n",
                    "  ",
                    "-",
                    "[",
                    "]",
                    "{",
                    "}",
                    "&x",
                    "*x",
                    "a.b",
                    '"',
                    "<<",
                    "?",
                    "|",
                ),
            )
            .map(parts => parts.join("")),
    );

    test("reading does not throw, and every refusal says where in the file", () => {
        fc.assert(
            fc.property(anyText, text => {
                const { file, problems } = parseRegistries(text);
                expect(file === null).toBe(problems.length > 0);
                for (const { line, column, message } of problems) {
                    expect(line).toBeGreaterThanOrEqual(1);
                    expect(line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length + 1);
                    expect(column).toBeGreaterThanOrEqual(1);
                    expect(message).not.toBe("");
                }
            }),
            { numRuns: 500 },
        );
    });

    test("a merge key in quotes is a name", () => {
        const { file, problems } = parseRegistries('mirrors:\n  "<<": {}\n');
        expect(problems).toEqual([]);
        expect(Object.keys(file?.registries.mirrors ?? {})).toEqual(["<<"]);
    });

    test("what is written as YAML is read back", () => {
        fc.assert(
            fc.property(anyRegistries, registries => {
                const { file, problems } = parseRegistries(
                    stringify(registries, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "QUOTE_DOUBLE" }),
                );
                expect(problems).toEqual([]);
                expect(file!.registries).toEqual(Registries.parse(registries));
            }),
        );
    });
});

test("every field of the format is described, and what is secret is marked", () => {
    const config = Registries.shape.configs.unwrap().valueType;
    const auth = config.shape.auth.unwrap();
    const tls = config.shape.tls.unwrap();
    const mirror = Registries.shape.mirrors.unwrap().valueType;
    const fields = [Registries, config, auth, tls, mirror].flatMap(schema => Object.entries(schema.shape));

    expect(fields.filter(([, field]) => !field.description).map(([name]) => name)).toEqual([]);
    const secrets = fields.filter(([, field]) => (field.meta() as { secret?: boolean })?.secret).map(([name]) => name);
    expect(secrets).toEqual(["password", "auth", "identity_token"]);
});
