import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseRegistries, pathText } from "../../../../network/registries/parse.ts";
import { Registries } from "../../../../network/registries/schema.ts";
import { anyFile } from "./anyFile.ts";
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

describe("what K3s reads is read, and what is odd about it is told", () => {
    test.each([
        ["two sections of one name", "mirrors: {a.lan: {}}\nmirrors: {b.lan: {}}\n", ["section-twice mirrors"]],
        ["a name twice", "mirrors:\n  a.lan:\n  a.lan:\n", ['key-twice mirrors["a.lan"]']],
        ["an unknown key", "mirrors: {a.lan: {endpoints: 5}}\n", ['unknown-key mirrors["a.lan"].endpoints']],
        ["a key that begins with x-", "x-hub: &hub {}\nmirrors: {a.lan: *hub}\n", []],
        ["a merge key at the beginning", "x-a: &a {endpoint: [a]}\nmirrors: {b: {<<: *a, endpoint: [b]}}\n", []],
        [
            "a merge key that replaces what stands above",
            "x-a: &a {endpoint: [a]}\nmirrors: {b: {endpoint: [b], <<: *a}}\n",
            ["merged-over mirrors.b.endpoint"],
        ],
    ])("%s", (_, text, expected) => {
        const { file, problems } = parseRegistries(text);

        expect(problems).toEqual([]);
        expect(file!.oddities.map(({ kind, path }) => `${kind} ${pathText(path)}`)).toEqual(expected);
    });

    test.each([
        ["a second document", "mirrors:\n---\nconfigs:\n", { line: 2, column: 1 }],
        ["text behind the end of a document", "mirrors:\n...\nconfigs:\n", { line: 3, column: 1 }],
        ["an empty second document", "mirrors:\n---\n", null],
        ["the end of a document", "mirrors:\n...\n", null],
    ])("%s", (_, text, unread) => {
        expect(parseRegistries(text).file!.unread).toEqual(unread);
    });
});

describe("a file with which K3s does not start is refused at the place of the fault", () => {
    test.each<[string, string | Buffer, string, string, RegExp]>([
        ["a bracket that is not closed", "mirrors:\n  docker.io: [\n", "2:14", "", /not closed/],
        ["a tab as indentation", "mirrors:\n\tdocker.io:\n", "2:1", "", /^line 2 holds a tab/],
        ["a line of one tab", "mirrors:\n  a.lan:\n    endpoint:\n      - b\n\t\n", "5:1", "", /^line 5 holds a tab/],
        ["a byte that is no UTF-8", Buffer.from("# caf\xe9\n", "latin1"), "1:6", "", /not UTF-8 \(byte 0xE9\)/],
        ["a control character", "mirrors:\n  a\x07:\n", "2:4", "", /control character/],
        ["an escape of a slash", 'mirrors: {"a\\/b": {}}\n', "1:13", "", /backslash escape.*\\\//],
        ["an anchor with a dot", "mirrors:\n  a.lan: &b.c {}\n", "2:12", "", /letters, digits, - and _/],
        ["another version of YAML", "%YAML 1.2\n---\nmirrors:\n", "1:1", "", /another YAML than 1\.1/],
        [
            "a missing colon",
            "mirrors:\n  docker.io\n    endpoint:\n      - a\n",
            "2:3",
            "",
            /^line 2: a colon is missing.*line 3: mapping values are not allowed/,
        ],
        ["a missing colon at the top", "mirrors: {}\nconfigs\n", "2:1", "", /^line 2: a colon is missing/],
        [
            "a missing colon behind a name in quotes",
            'mirrors:\n  "docker.io"\n    endpoint: []\n',
            "2:3",
            "",
            /^line 2: a colon is missing/,
        ],
        [
            "a missing colon between two texts",
            'mirrors:\n  a.lan:\n    rewrite:\n      "^a$" "b"\n',
            "4:7",
            "",
            /^line 4: a colon is missing/,
        ],
        [
            "a missing colon above a list",
            "mirrors:\n  a.lan:\n    endpoint\n      - b.lan\n",
            "2:3",
            'mirrors["a.lan"]',
            /A colon is missing at the end of line 3\./,
        ],
        [
            "a list below a registry's name",
            "mirrors:\n  a.lan:\n    - b.lan\n",
            "2:3",
            'mirrors["a.lan"]',
            /Write `endpoint:` above the list\./,
        ],
        ["two colons in a text", "configs: {a: {auth: {password: a: b}}}\n", "1:33", "", /expected ',' or '}'/],
        [
            "a text for a list",
            "mirrors:\n  a.lan:\n    endpoint: https://b\n",
            "3:5",
            'mirrors["a.lan"].endpoint',
            /a list.*Put "- " before/,
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
            "a missing space behind a colon",
            "configs:\n  a.lan:\n    auth:\n      username:u\n",
            "3:5",
            'configs["a.lan"].auth',
            /space is missing after the colon in line 4/,
        ],
        [
            "a quoted boolean",
            'configs:\n  a.lan:\n    tls:\n      insecure_skip_verify: "true"\n',
            "4:7",
            'configs["a.lan"].tls.insecure_skip_verify',
            /true or false, without quotes/,
        ],
        ["a map as a key", "mirrors:\n  ? {a: b}\n  : {}\n", "1:1", "mirrors", /must be text/],
        ["an unknown anchor", "mirrors:\n  a.lan: *x\n", "2:10", "", /alias \(\*\) has no anchor/],
        ["an anchor inside itself", "mirrors: &x\n  <<: *x\n", "2:7", "", /holds an alias of itself/],
    ])("%s", (_, source, place, path, message) => {
        const { file, problems } = parseRegistries(source);

        expect(file).toBeNull();
        const { line, column, ...problem } = problems[0]!;
        expect(`${line}:${column}`).toBe(place);
        expect(problem.message).toMatch(message);
        expect(problem.message).toMatch(/K3s does not start with this file \("yaml: .*\./s);
        expect(problem.path).toBe(path);
    });

    test("without showing a text that may be a credential", () => {
        const { problems } = parseRegistries("configs: {a.lan: {auth: hush, tls: {insecure_skip_verify: hush}}}\n");

        expect(problems).toHaveLength(2);
        expect(JSON.stringify(problems)).not.toContain("hush");
    });

    test("however deep it is nested", () => {
        for (const text of ["[".repeat(20_000), "{a: ".repeat(9000), "<<: ".repeat(3), `{${"<<: {".repeat(9000)}`])
            expect(parseRegistries(text).file).toBeNull();
    });

    test("however much of it comes by aliases", () => {
        const levels = Array.from({ length: 12 }, (_, level) => {
            const aliases = Array(12)
                .fill(`<<: *a${level - 1}`)
                .join(", ");
            return `x-${level}: &a${level} {${level === 0 ? "b: {}" : aliases}}`;
        });

        const { problems } = parseRegistries(`${levels.join("\n")}\nmirrors: {<<: *a11}\n`);

        expect(problems[0]!.message).toContain("excessive aliasing");
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

    test("or bytes, reading does not throw", () => {
        fc.assert(
            fc.property(fc.oneof(anyFile, fc.uint8Array()), bytes => {
                const { file, problems } = parseRegistries(bytes);
                expect(file === null).toBe(problems.length > 0);
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
