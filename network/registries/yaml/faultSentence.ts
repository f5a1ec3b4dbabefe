import type { Mark, YamlFault } from "./fault.ts";

const NO_START = "K3s does not start with this file";

/** A text that is no YAML, said in words: what stands there, what K3s does, and what to write. */
export function faultSentence(fault: YamlFault, bytes: Uint8Array): string {
    const { what, advice } = wordsOf(fault, bytes);
    return `${what}; ${NO_START} ("${fault.k3sMessage}"). ${advice}`;
}

/** Where the reader of a message has to look: where a colon is missing, not where the next one stands. */
export function placeOfFault(fault: YamlFault): Mark {
    if (fault.withoutColon !== null) return fault.withoutColon;
    return fault.context !== null && isNotClosed(fault) ? fault.context : fault.mark;
}

/** What is open goes on to another line, where the fault is noticed. */
function isNotClosed({ problem, mark, context }: YamlFault): boolean {
    return (
        /expected (?:',' or|node content)|unexpected end of stream/.test(problem) && mark.line > (context?.line ?? 0)
    );
}

interface Words {
    what: string;
    advice: string;
}

function wordsOf(fault: YamlFault, bytes: Uint8Array): Words {
    const { problem, step, mark } = fault;
    const line = `line ${mark.line + 1}`;
    if (problem.includes("node content") && isNotClosed(fault))
        return { what: "a [ or { is not closed", advice: "Write the ] or } that is missing." };
    if (step === "characters") return wordsOfCharacters(problem, bytes);
    if (problem.includes("tab character") || (problem.includes("cannot start any token") && at(bytes, mark) === "\t")) {
        return { what: `${line} holds a tab where YAML takes only spaces`, advice: "Replace the tab with spaces." };
    }
    if (fault.withoutColon !== null) {
        const where = `line ${fault.withoutColon.line + 1}`;
        return { what: `${where}: a colon is missing`, advice: `Write a colon behind the name in ${where}.` };
    }
    const known = WORDS.find(([part]) => problem.includes(part));
    return known
        ? known[1]
        : { what: `${line} is no YAML`, advice: "Compare its indentation and signs with the lines around it." };
}

function wordsOfCharacters(problem: string, bytes: Uint8Array): Words {
    if (problem.startsWith("control")) {
        return {
            what: "the file holds a control character, which YAML does not allow",
            advice: "Remove it; in double quotes, write it as \\x and two hexadecimal digits.",
        };
    }
    if (bytes[0] === 0xff || bytes[0] === 0xfe)
        return { what: "the file is not valid UTF-16", advice: "Save it as UTF-8." };
    const octet = firstWrongOctet(bytes);
    const shown = octet === undefined ? "" : ` (byte 0x${octet.toString(16).toUpperCase().padStart(2, "0")})`;
    return { what: `the file is not UTF-8${shown}`, advice: "Save it as UTF-8." };
}

/** The first byte of the first sequence that is not UTF-8. */
function firstWrongOctet(bytes: Uint8Array): number | undefined {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for (let end = 1; end <= Math.min(bytes.length, 1 << 20); end++) {
        const start = end - 1;
        const first = bytes[start]!;
        if (first < 0x80) continue;
        const width = first >> 5 === 0x6 ? 2 : first >> 4 === 0xe ? 3 : first >> 3 === 0x1e ? 4 : 1;
        try {
            decoder.decode(bytes.subarray(start, start + width));
        } catch {
            return first;
        }
        end += width - 1;
    }
    return undefined;
}

/** The character at a place of the text. */
function at(bytes: Uint8Array, { line, column }: Mark): string {
    const lines = Buffer.from(bytes)
        .toString("utf8")
        .split(/\r\n|[\n\r\u0085\u2028\u2029]/);
    return Array.from(lines[line] ?? "")[column] ?? "";
}

/** By a part of yaml.v2's words. */
const WORDS: readonly (readonly [part: string, words: Words])[] = [
    [
        "mapping values are not allowed",
        { what: "a colon stands where none may stand", advice: "Put a text that holds a colon and a space in quotes." },
    ],
    [
        "cannot start any token",
        {
            what: "a text begins with a character that no text without quotes begins with",
            advice: "Put the text in quotes.",
        },
    ],
    [
        "block sequence entries are not allowed",
        { what: "a list begins where none may begin", advice: "Begin the list on a line of its own, below its key." },
    ],
    ["mapping keys are not allowed", { what: "a key stands where none may stand", advice: "Put the text in quotes." }],
    [
        "did not find expected key",
        { what: "the indentation does not fit the lines above", advice: "Indent all keys of a map alike." },
    ],
    [
        "expected '-' indicator",
        { what: "the indentation does not fit the list above", advice: "Indent all items of a list alike." },
    ],
    [
        "expected ',' or ']'",
        { what: "a list in [ ] is not closed", advice: "Write the comma or the ] that is missing." },
    ],
    [
        "expected ',' or '}'",
        { what: "a map in { } is not closed", advice: "Write the comma or the } that is missing." },
    ],
    [
        "expected alphabetic or numeric",
        {
            what: "an anchor or alias has a character that K3s's reader does not take",
            advice: "Use only letters, digits, - and _ after & and *, and put a text that begins with & or * in quotes.",
        },
    ],
    [
        "unknown escape character",
        {
            what: "a text in double quotes holds a backslash escape that K3s's reader does not know, such as \\/",
            advice: "Remove the backslash, or write the text in single quotes.",
        },
    ],
    [
        "hexdecimal number",
        {
            what: "an escape in double quotes has too few hexadecimal digits",
            advice: "Write \\x with 2, \\u with 4, \\U with 8.",
        },
    ],
    [
        "Unicode character escape",
        { what: "an escape in double quotes is no character", advice: "Write the character itself." },
    ],
    ["unexpected end of stream", { what: "a quote is not closed", advice: "Write the closing quote." }],
    ["unexpected document indicator", { what: "a quote is not closed", advice: "Write the closing quote." }],
    [
        "incompatible YAML document",
        {
            what: "the file asks for another YAML than 1.1, which is all that K3s reads",
            advice: "Remove the %YAML line.",
        },
    ],
    ["%YAML", { what: "the %YAML line cannot be read", advice: "Remove it." }],
    ["version number", { what: "the %YAML line cannot be read", advice: "Remove it." }],
    ["%TAG", { what: "a %TAG line stands twice", advice: "Remove one." }],
    ["directive name", { what: "a line begins with %", advice: "Remove the line, or put the text in quotes." }],
    ["<document start>", { what: "behind a line with % no --- follows", advice: "Remove the line with %." }],
    [
        "tag",
        { what: "a tag (!) cannot be read", advice: "Remove the tag, or put a text that begins with ! in quotes." },
    ],
    [
        "'!'",
        { what: "a tag (!) cannot be read", advice: "Remove the tag, or put a text that begins with ! in quotes." },
    ],
    [
        "expected node content",
        {
            what: "a value is missing or stands in the wrong place",
            advice: "Write the value, or put the text in quotes.",
        },
    ],
    [
        "unknown anchor",
        { what: "an alias (*) has no anchor (&) before it", advice: "Write the anchor, or the value itself." },
    ],
    ["contains itself", { what: "an anchor holds an alias of itself", advice: "Write the value itself." }],
    ["excessive aliasing", { what: "aliases make too much of the file", advice: "Write the values themselves." }],
    ["map merge", { what: "a merge key (<<) has something else than a map", advice: "Give it an alias of a map." }],
    ["nested too deep", { what: "merge keys (<<) are nested too deep", advice: "Write the values themselves." }],
    ["cannot decode", { what: "a tag does not fit its value", advice: "Remove the tag." }],
    ["base64", { what: "a !!binary value is not base64", advice: "Remove the tag." }],
    ["max depth", { what: "brackets or blocks are nested too deep", advice: "Write the values themselves." }],
    ["comment or line break", { what: "something stands behind | or > or a % line", advice: "Remove it." }],
    ["indentation indicator", { what: "the digit behind | or > is 0", advice: "Remove it." }],
];
