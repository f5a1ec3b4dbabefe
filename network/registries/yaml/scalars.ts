import { type Characters, TAB } from "./characters.ts";
import { YamlFault } from "./fault.ts";

/** What follows a backslash in double quotes, for yaml.v2 (scannerc.go): `\/` is not among it. */
const ESCAPES: Readonly<Record<string, string>> = {
    "0": "\0",
    a: "\x07",
    b: "\b",
    t: "\t",
    "\t": "\t",
    n: "\n",
    v: "\v",
    f: "\f",
    r: "\r",
    e: "\x1b",
    " ": " ",
    '"': '"',
    "'": "'",
    "\\": "\\",
    N: "\x85",
    _: "\xa0",
    L: "\u2028",
    P: "\u2029",
};

/** Hexadecimal digits that an escape has. */
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Line breaks between two pieces of a scalar: the first one folds into a space when it is alone. */
class Breaks {
    #leading = "";
    #trailing = "";
    #any = false;

    get any(): boolean {
        return this.#any;
    }

    /** A line break that is escaped: what follows it is on the same line. */
    escaped(): void {
        this.#any = true;
    }

    add(text: string): void {
        if (this.#any) this.#trailing += text;
        else this.#leading = text;
        this.#any = true;
    }

    /** What the breaks become in the value. */
    fold(): string {
        const folded = this.#leading.startsWith("\n") ? this.#trailing || " " : this.#leading + this.#trailing;
        this.#leading = "";
        this.#trailing = "";
        this.#any = false;
        return folded;
    }
}

/** Reads a text without quotes. `indent` is the least column of its further lines outside brackets and braces. */
export function scanPlain(
    characters: Characters,
    indent: number,
    inFlow: boolean,
): { value: string; endsLine: boolean } {
    const start = characters.mark;
    const breaks = new Breaks();
    let value = "";
    let blanks = "";
    for (;;) {
        characters.ensure(4);
        if (characters.isDocumentIndicator() || characters.is("#")) break;
        while (!characters.isBlankBreakOrEnd()) {
            if (characters.is(":") && characters.isBlankBreakOrEnd(1)) break;
            if (inFlow && characters.isOneOf(",?[]{}")) break;
            value += breaks.any ? breaks.fold() : blanks;
            blanks = "";
            value += characters.read();
            characters.ensure(2);
        }
        if (!characters.isBlank() && !characters.isBreak()) break;
        characters.ensure(1);
        while (characters.isBlank() || characters.isBreak()) {
            if (characters.isBlank()) {
                if (breaks.any && characters.column < indent && characters.at() === TAB) {
                    throw scannerFault(characters, "found a tab character that violates indentation", start);
                }
                if (breaks.any) characters.skip();
                else blanks += characters.read();
            } else {
                characters.ensure(2);
                blanks = "";
                breaks.add(characters.readBreak());
            }
            characters.ensure(1);
        }
        if (!inFlow && characters.column < indent) break;
    }
    return { value, endsLine: breaks.any };
}

/** Reads a text in single or double quotes. */
export function scanQuoted(characters: Characters, quote: "'" | '"'): string {
    const start = characters.mark;
    const breaks = new Breaks();
    let value = "";
    characters.skip();
    for (;;) {
        characters.ensure(4);
        if (characters.isDocumentIndicator())
            throw scannerFault(characters, "found unexpected document indicator", start);
        if (characters.isEnd()) throw scannerFault(characters, "found unexpected end of stream", start);
        while (!characters.isBlankBreakOrEnd()) {
            if (quote === "'" && characters.is("'") && characters.is("'", 1)) {
                value += "'";
                characters.skip();
                characters.skip();
            } else if (characters.is(quote)) {
                break;
            } else if (quote === '"' && characters.is("\\")) {
                if (characters.isBreak(1)) {
                    characters.ensure(3);
                    characters.skip();
                    characters.readBreak();
                    breaks.escaped();
                    break;
                }
                value += scanEscape(characters, start);
            } else {
                value += characters.read();
            }
            characters.ensure(2);
        }
        characters.ensure(1);
        if (characters.is(quote)) break;
        let blanks = "";
        while (characters.isBlank() || characters.isBreak()) {
            if (characters.isBreak()) {
                characters.ensure(2);
                blanks = "";
                breaks.add(characters.readBreak());
            } else if (breaks.any) characters.skip();
            else blanks += characters.read();
            characters.ensure(1);
        }
        value += breaks.any ? breaks.fold() : blanks;
    }
    characters.skip();
    return value;
}

function scanEscape(characters: Characters, start: YamlFault["mark"]): string {
    const kind = characters.isEnd(1) ? "" : String.fromCodePoint(characters.at(1));
    const digits = ESCAPE_DIGITS[kind];
    const escaped = ESCAPES[kind];
    if (digits === undefined && escaped === undefined)
        throw scannerFault(characters, "found unknown escape character", start);
    characters.skip();
    characters.skip();
    if (digits === undefined) return escaped!;
    characters.ensure(digits);
    let code = 0;
    for (let k = 0; k < digits; k++) {
        if (!characters.isHex(k)) throw scannerFault(characters, "did not find expected hexdecimal number", start);
        code = code * 16 + Number.parseInt(String.fromCodePoint(characters.at(k)), 16);
    }
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
        throw scannerFault(characters, "found invalid Unicode character escape code", start);
    for (let k = 0; k < digits; k++) characters.skip();
    return String.fromCodePoint(code);
}

/** Reads a text behind `|` or `>`. `parentIndent` is the column of the block around it, -1 at top level. */
export function scanBlock(characters: Characters, parentIndent: number, isLiteral: boolean): string {
    const start = characters.mark;
    const fault = (problem: string) => scannerFault(characters, problem, start);
    characters.skip();
    characters.ensure(1);
    const { chomping, increment } = blockHeader(characters, fault);
    characters.skipBlanks();
    characters.skipComment();
    if (!characters.isBreakOrEnd()) throw fault("did not find expected comment or line break");
    characters.ensure(2);
    characters.readBreak();

    let indent = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;
    let value = "";
    let leadingBreak = "";
    let leadingBlank = false;
    let trailingBreaks = "";
    const takeBreaks = () => {
        const taken = blockBreaks(characters, indent, parentIndent, fault);
        indent = taken.indent;
        trailingBreaks += taken.breaks;
    };
    takeBreaks();
    characters.ensure(1);
    while (characters.column === indent && !characters.isEnd()) {
        const isBlank = characters.isBlank();
        const folds = !isLiteral && !leadingBlank && !isBlank && leadingBreak.startsWith("\n");
        if (!folds) value += leadingBreak;
        else if (trailingBreaks === "") value += " ";
        value += trailingBreaks;
        trailingBreaks = "";
        leadingBlank = isBlank;
        while (!characters.isBreakOrEnd()) {
            value += characters.read();
            characters.ensure(1);
        }
        characters.ensure(2);
        leadingBreak = characters.readBreak();
        takeBreaks();
    }
    if (chomping !== "-") value += leadingBreak;
    if (chomping === "+") value += trailingBreaks;
    return value;
}

function blockHeader(
    characters: Characters,
    fault: (problem: string) => YamlFault,
): { chomping: string; increment: number } {
    let chomping = "";
    let increment = 0;
    const takeChomping = () => {
        if (!characters.isOneOf("+-")) return;
        chomping = characters.read();
        characters.ensure(1);
    };
    takeChomping();
    if (characters.isDigit()) {
        if (characters.is("0")) throw fault("found an indentation indicator equal to 0");
        increment = Number(characters.read());
        characters.ensure(1);
        if (chomping === "") takeChomping();
    }
    return { chomping, increment };
}

/** Takes empty lines and the indentation behind them. The first line that is not empty tells an indentation not given. */
function blockBreaks(
    characters: Characters,
    indent: number,
    parentIndent: number,
    fault: (problem: string) => YamlFault,
): { breaks: string; indent: number } {
    let breaks = "";
    let deepest = 0;
    for (;;) {
        characters.ensure(1);
        while ((indent === 0 || characters.column < indent) && characters.is(" ")) {
            characters.skip();
            characters.ensure(1);
        }
        deepest = Math.max(deepest, characters.column);
        if ((indent === 0 || characters.column < indent) && characters.at() === TAB) {
            throw fault("found a tab character where an indentation space is expected");
        }
        if (!characters.isBreak()) break;
        characters.ensure(2);
        breaks += characters.readBreak();
    }
    return { breaks, indent: indent === 0 ? Math.max(deepest, parentIndent + 1, 1) : indent };
}

/** A fault of the scanner where it is now. */
export function scannerFault(
    characters: Characters,
    problem: string,
    context: YamlFault["mark"] | null = null,
): YamlFault {
    return new YamlFault("scanner", problem, characters.mark, context);
}
