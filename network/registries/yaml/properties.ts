import type { Characters } from "./characters.ts";
import type { Mark } from "./fault.ts";
import { scannerFault } from "./scalars.ts";

/** Reads the name behind `&` or `*`: letters, digits, `-` and `_` are all that yaml.v2 takes. */
export function scanAnchor(characters: Characters): string {
    const start = characters.mark;
    characters.skip();
    const name = scanWord(characters);
    if (name === "" || !(characters.isBlankBreakOrEnd() || characters.isOneOf("?:,]}%@`"))) {
        throw scannerFault(characters, "did not find expected alphabetic or numeric character", start);
    }
    return name;
}

/** A tag in two parts: `!!str` is `!!` and `str`. */
export interface ScannedTag {
    handle: string;
    suffix: string;
}

/** Reads a tag such as `!!str`, `!local` or `!<tag:yaml.org,2002:str>`. */
export function scanTag(characters: Characters): ScannedTag {
    const start = characters.mark;
    let tag: ScannedTag;
    characters.ensure(2);
    if (characters.is("<", 1)) {
        characters.skip();
        characters.skip();
        tag = { handle: "", suffix: scanUri(characters, "", start) };
        if (!characters.is(">")) throw scannerFault(characters, "did not find the expected '>'", start);
        characters.skip();
    } else {
        const handle = scanHandle(characters, start, false);
        if (handle.length > 1 && handle.endsWith("!")) tag = { handle, suffix: scanUri(characters, "", start) };
        else {
            const suffix = scanUri(characters, handle, start);
            tag = suffix === "" ? { handle: "", suffix: "!" } : { handle: "!", suffix };
        }
    }
    characters.ensure(1);
    if (!characters.isBlankBreakOrEnd())
        throw scannerFault(characters, "did not find expected whitespace or line break", start);
    return tag;
}

/** A line that begins with `%`. */
export type Directive =
    | { kind: "version"; major: number; minor: number }
    | { kind: "tag"; handle: string; prefix: string };

/** Reads a directive and the line break behind it. */
export function scanDirective(characters: Characters): Directive {
    const start = characters.mark;
    const fault = (problem: string) => scannerFault(characters, problem, start);
    characters.skip();
    const name = scanWord(characters);
    if (name === "") throw fault("could not find expected directive name");
    if (!characters.isBlankBreakOrEnd()) throw fault("found unexpected non-alphabetical character");
    if (name !== "YAML" && name !== "TAG") throw fault("found unknown directive name");
    const directive = name === "YAML" ? versionDirective(characters, start) : tagDirective(characters, start);
    characters.skipBlanks();
    characters.skipComment();
    if (!characters.isBreakOrEnd()) throw fault("did not find expected comment or line break");
    characters.ensure(2);
    characters.readBreak();
    return directive;
}

function versionDirective(characters: Characters, start: Mark): Directive {
    characters.skipBlanks();
    const major = versionNumber(characters, start);
    if (!characters.is(".")) throw scannerFault(characters, "did not find expected digit or '.' character", start);
    characters.skip();
    return { kind: "version", major, minor: versionNumber(characters, start) };
}

function versionNumber(characters: Characters, start: Mark): number {
    let digits = "";
    characters.ensure(1);
    while (characters.isDigit()) {
        if (digits.length === 2) throw scannerFault(characters, "found extremely long version number", start);
        digits += characters.read();
        characters.ensure(1);
    }
    if (digits === "") throw scannerFault(characters, "did not find expected version number", start);
    return Number(digits);
}

function tagDirective(characters: Characters, start: Mark): Directive {
    characters.skipBlanks();
    const handle = scanHandle(characters, start, true);
    characters.ensure(1);
    if (!characters.isBlank()) throw scannerFault(characters, "did not find expected whitespace", start);
    characters.skipBlanks();
    const prefix = scanUri(characters, "", start);
    characters.ensure(1);
    if (!characters.isBlankBreakOrEnd())
        throw scannerFault(characters, "did not find expected whitespace or line break", start);
    return { kind: "tag", handle, prefix };
}

/** Reads `!`, `!name!`, and outside of directives the `!name` that is no handle but the beginning of a tag. */
function scanHandle(characters: Characters, start: Mark, isDirective: boolean): string {
    characters.ensure(1);
    if (!characters.is("!")) throw scannerFault(characters, "did not find expected '!'", start);
    characters.skip();
    const handle = `!${scanWord(characters)}`;
    if (characters.is("!")) {
        characters.skip();
        return `${handle}!`;
    }
    if (isDirective && handle !== "!") throw scannerFault(characters, "did not find expected '!'", start);
    return handle;
}

/** Reads a tag's text behind what is read of it already, `head`. */
function scanUri(characters: Characters, head: string, start: Mark): string {
    let uri = head.slice(1);
    let isFound = head !== "";
    characters.ensure(1);
    while (characters.isWord() || characters.isOneOf(";/?:@&=+$,.!~*'()[]%")) {
        uri += characters.is("%") ? scanUriEscapes(characters, start) : characters.read();
        characters.ensure(1);
        isFound = true;
    }
    if (!isFound) throw scannerFault(characters, "did not find expected tag URI", start);
    return uri;
}

/** Reads the octets of one character, each as `%` and two hexadecimal digits. */
function scanUriEscapes(characters: Characters, start: Mark): string {
    const octets: number[] = [];
    let missing = 1;
    while (missing > 0) {
        characters.ensure(3);
        if (!characters.is("%") || !characters.isHex(1) || !characters.isHex(2))
            throw scannerFault(characters, "did not find URI escaped octet", start);
        const octet = Number.parseInt(String.fromCodePoint(characters.at(1), characters.at(2)), 16);
        if (octets.length === 0) {
            missing = octet < 0x80 ? 1 : octet >> 5 === 0x6 ? 2 : octet >> 4 === 0xe ? 3 : octet >> 3 === 0x1e ? 4 : 0;
            if (missing === 0) throw scannerFault(characters, "found an incorrect leading UTF-8 octet", start);
        } else if ((octet & 0xc0) !== 0x80) {
            throw scannerFault(characters, "found an incorrect trailing UTF-8 octet", start);
        }
        octets.push(octet);
        for (let k = 0; k < 3; k++) characters.skip();
        missing--;
    }
    return Buffer.from(octets).toString("utf8");
}

function scanWord(characters: Characters): string {
    let word = "";
    characters.ensure(1);
    while (characters.isWord()) {
        word += characters.read();
        characters.ensure(1);
    }
    return word;
}
