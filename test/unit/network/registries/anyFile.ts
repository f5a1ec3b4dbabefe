import fc from "fast-check";
import { stringify, type ToStringOptions } from "yaml";
import { anyRegistries } from "./arbitrary.ts";

/** Pieces that YAML gives a meaning to, or that its readers differ on. */
const PIECES = [
    ...["mirrors", "configs", "auths", "endpoint", "rewrite", "auth", "tls", "docker.io", "https://a.lan", "x-a"],
    ...[
        "mirrors:\n",
        "  docker.io:\n",
        "    endpoint:\n",
        "      - a.lan\n",
        "configs:\n",
        "insecure_skip_verify: yes\n",
    ],
    ...[
        ":",
        ": ",
        " :",
        "-",
        "- ",
        "?",
        "? ",
        ",",
        "[",
        "]",
        "{",
        "}",
        "#",
        " #",
        "|",
        ">",
        "|-\n",
        ">+2\n",
        "|0\n",
        "@",
        "`",
        "%",
    ],
    ...[
        '"',
        "'",
        "''",
        '"a"',
        "'a'",
        '\\"',
        "\\/",
        "\\x41",
        "\\u00e9",
        "\\U0001F600",
        "\\ud800",
        "\\q",
        "\\\n",
        "\\N",
        "\\\t",
    ],
    ...["&x", "&x ", "*x", "*x ", "&a.b ", "*y", "<<", "<<: *x\n", "<<: [*x, *x]\n", "? <<\n", "{<<: {a: b}}"],
    ...[
        "!!str ",
        "!!int ",
        "!!null ",
        "!!bool ",
        "!!float ",
        "!!binary ",
        "!x ",
        "! ",
        "!<tag:yaml.org,2002:str> ",
        "!y!z ",
        "!%41 ",
    ],
    ...[
        "~",
        "null",
        "Null",
        "NULL",
        "true",
        "On",
        "n",
        "1",
        "0x1F",
        "08",
        "1_000",
        "1e3",
        ".5",
        "-.inf",
        "2001-01-01",
        "1:20",
    ],
    ...[
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "\r\n",
        "\r",
        "\t",
        " ",
        "  ",
        "\u0085",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\u00a0",
    ],
    ...[
        "---\n",
        "--- ",
        "...\n",
        "---",
        "%YAML 1.1\n---\n",
        "%YAML 1.2\n---\n",
        "%TAG !y! tag:a,1:\n---\n",
        "%FOO\n",
        "\0",
        "\x07",
        "\x7f",
        "\u0080",
        "\u{1f600}",
    ],
    "k".repeat(1030),
    "# ".padEnd(600, "x"),
];

const anyPiece = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);

/** Texts of pieces in any order. Few of them are YAML. */
const soup = fc.array(anyPiece, { maxLength: 14 }).map(pieces => pieces.join(""));

/** Files in the usual layouts. */
const plausible = fc
    .tuple(
        anyRegistries,
        fc.constantFrom<ToStringOptions>(
            {},
            { indent: 4 },
            { indentSeq: false },
            { collectionStyle: "flow" },
            { defaultStringType: "QUOTE_SINGLE", defaultKeyType: "QUOTE_DOUBLE" },
            { defaultStringType: "BLOCK_LITERAL" },
            { directives: true },
        ),
    )
    .map(([registries, style]) => stringify(registries, style));

interface Edit {
    place: number;
    removed: number;
    added: string;
}

const anyEdit: fc.Arbitrary<Edit> = fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.constantFrom(0, 0, 0, 1, 2, 7),
    added: fc.oneof(
        fc.constant(""),
        anyPiece,
        soup.filter(text => text.length < 40),
    ),
});

function edited(text: string, edits: readonly Edit[]): string {
    return edits.reduce((before, { place, removed, added }) => {
        const at = Math.floor(place * before.length);
        return before.slice(0, at) + added + before.slice(at + removed);
    }, text);
}

const anyText = fc.oneof(
    { weight: 3, arbitrary: soup },
    {
        weight: 6,
        arbitrary: fc.tuple(plausible, fc.array(anyEdit, { maxLength: 4 })).map(([text, edits]) => edited(text, edits)),
    },
);

function utf16(text: string, isBig: boolean): Buffer {
    const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
    return isBig ? bytes.swap16() : bytes;
}

/** Files as bytes: mostly UTF-8, some UTF-16, some with a byte that does not belong. */
export const anyFile: fc.Arbitrary<Buffer> = fc.oneof(
    { weight: 16, arbitrary: anyText.map(text => Buffer.from(text)) },
    { weight: 1, arbitrary: anyText.map(text => Buffer.from(`\ufeff${text}`)) },
    { weight: 1, arbitrary: fc.tuple(anyText, fc.boolean()).map(([text, isBig]) => utf16(text, isBig)) },
    {
        weight: 1,
        arbitrary: fc
            .tuple(anyText, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0x80, max: 0xff }))
            .map(([text, place, byte]) => {
                const bytes = Buffer.from(text);
                const at = Math.floor(place * bytes.length);
                return Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at)]);
            }),
    },
);
