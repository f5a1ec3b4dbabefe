import { type Mark, YamlFault } from "./fault.ts";

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
const NEXT_LINE = 0x85;
const LINE_SEPARATOR = 0x2028;
const PARAGRAPH_SEPARATOR = 0x2029;
const BYTE_ORDER_MARK = 0xfeff;

/** Bytes that yaml.v2 takes from its input at once (yamlprivateh.go). What stands behind the last piece it takes is not read. */
const PIECE = 512;

/** End of the text. The character itself is a control character, which no text may hold. */
export const END = 0;

/**
 * The characters of a text, read one after the other as yaml.v2 does (readerc.go): UTF-8, or UTF-16 behind a byte order
 * mark, without control characters. Throws YamlFault from `ensure` for a text that is not that.
 */
export class Characters {
    readonly #bytes: Uint8Array;
    readonly #codes: number[] = [];
    #encoding: "utf-8" | "utf-16le" | "utf-16be" | null = null;
    #position = 0;
    #window = 0;
    #windowEnd = 0;
    #noMoreBytes = false;
    #loaded = 0;
    #bufferStart = 0;
    #index = 0;
    #line = 0;
    #column = 0;
    #next = 0;

    constructor(bytes: Uint8Array) {
        // yaml.v2 takes no text at all for an empty line.
        this.#bytes = bytes.length === 0 ? Uint8Array.of(LINE_FEED) : bytes;
    }

    /** The place of the next character. */
    get mark(): Mark {
        return { index: this.#index, line: this.#line, column: this.#column };
    }

    get line(): number {
        return this.#line;
    }

    get column(): number {
        return this.#column;
    }

    get index(): number {
        return this.#index;
    }

    /** The character that comes `ahead` of the next one, as a code point. */
    at(ahead = 0): number {
        return this.#codes[this.#next + ahead] ?? END;
    }

    is(character: string, ahead = 0): boolean {
        return this.at(ahead) === character.charCodeAt(0);
    }

    /** Whether the next character is one of these. */
    isOneOf(characters: string, ahead = 0): boolean {
        const code = this.at(ahead);
        return code !== END && code < 0x80 && characters.includes(String.fromCharCode(code));
    }

    isEnd(ahead = 0): boolean {
        return this.at(ahead) === END;
    }

    isBlank(ahead = 0): boolean {
        const code = this.at(ahead);
        return code === SPACE || code === TAB;
    }

    isBreak(ahead = 0): boolean {
        const code = this.at(ahead);
        return (
            code === LINE_FEED ||
            code === CARRIAGE_RETURN ||
            code === NEXT_LINE ||
            code === LINE_SEPARATOR ||
            code === PARAGRAPH_SEPARATOR
        );
    }

    isBreakOrEnd(ahead = 0): boolean {
        return this.isEnd(ahead) || this.isBreak(ahead);
    }

    isBlankBreakOrEnd(ahead = 0): boolean {
        return this.isBlank(ahead) || this.isBreakOrEnd(ahead);
    }

    /** A letter, a digit, `-` or `_`: what names of anchors, tags and directives are made of. */
    isWord(): boolean {
        const code = this.at();
        return code < 0x80 && /^[0-9A-Za-z_-]$/.test(String.fromCharCode(code));
    }

    isDigit(): boolean {
        return this.at() >= 0x30 && this.at() <= 0x39;
    }

    isHex(ahead = 0): boolean {
        const code = this.at(ahead);
        return code < 0x80 && /^[0-9A-Fa-f]$/.test(String.fromCharCode(code));
    }

    /** Whether `---` or `...` begins the line here, with nothing but a blank behind it. */
    isDocumentIndicator(): boolean {
        if (this.#column !== 0) return false;
        const first = this.at();
        if (first !== 0x2d && first !== 0x2e) return false;
        return this.at(1) === first && this.at(2) === first && this.isBlankBreakOrEnd(3);
    }

    /** A byte order mark at the beginning of yaml.v2's buffer, where it looks for one at the beginning of every line. */
    isByteOrderMark(): boolean {
        return this.#column === 0 && this.#codes[this.#bufferStart] === BYTE_ORDER_MARK;
    }

    skip(): void {
        this.#next++;
        this.#index++;
        this.#column++;
    }

    /** Takes the next character. */
    read(): string {
        const text = String.fromCodePoint(this.at());
        this.skip();
        return text;
    }

    /** Takes a line break: `\n` stands for all but the two separators, which stay as they are. "" where there is none. */
    readBreak(): string {
        if (!this.isBreak()) return "";
        const code = this.at();
        const width = code === CARRIAGE_RETURN && this.at(1) === LINE_FEED ? 2 : 1;
        this.#next += width;
        this.#index += width;
        this.#column = 0;
        this.#line++;
        return code === LINE_SEPARATOR || code === PARAGRAPH_SEPARATOR ? String.fromCodePoint(code) : "\n";
    }

    skipBlanks(): void {
        this.ensure(1);
        while (this.isBlank()) {
            this.skip();
            this.ensure(1);
        }
    }

    skipComment(): void {
        if (!this.is("#")) return;
        while (!this.isBreakOrEnd()) {
            this.skip();
            this.ensure(1);
        }
    }

    /** The end of the text counts as one more line, unless it stands at the beginning of one. */
    endLine(): void {
        if (this.#column === 0) return;
        this.#column = 0;
        this.#line++;
    }

    /**
     * Makes `length` characters readable. A fault is found when the piece it is in is taken, and not before: yaml.v2
     * stops at the end of the first document, so faults behind it count only in pieces that are taken already.
     */
    ensure(length: number): void {
        if (this.#loaded - this.#next >= length) return;
        if (this.#encoding === null) this.#detectEncoding();
        this.#bufferStart = this.#next;
        let isFirst = true;
        while (this.#loaded - this.#next < length) {
            if (!isFirst || this.#position === this.#windowEnd) this.#takePiece();
            isFirst = false;
            while (this.#position < this.#windowEnd) {
                const width = this.#encoding === "utf-8" ? this.#decodeUtf8() : this.#decodeUtf16();
                if (width === 0) break;
            }
            if (this.#noMoreBytes) {
                this.#loaded++;
                break;
            }
        }
    }

    #detectEncoding(): void {
        this.#takePiece();
        const [first, second, third] = this.#bytes;
        if (first === 0xff && second === 0xfe) this.#encoding = "utf-16le";
        else if (first === 0xfe && second === 0xff) this.#encoding = "utf-16be";
        else this.#encoding = "utf-8";
        if (this.#encoding !== "utf-8") this.#position = 2;
        else if (first === 0xef && second === 0xbb && third === 0xbf) this.#position = 3;
    }

    #takePiece(): void {
        if (this.#noMoreBytes || (this.#position === this.#window && this.#windowEnd - this.#window === PIECE)) return;
        if (this.#windowEnd === this.#bytes.length) this.#noMoreBytes = true;
        this.#window = this.#position;
        this.#windowEnd = Math.min(this.#bytes.length, this.#window + PIECE);
    }

    /** Decodes one character and returns its width in bytes: 0 when the rest of it is in the next piece. */
    #decodeUtf8(): number {
        const first = this.#bytes[this.#position]!;
        const width = first < 0x80 ? 1 : first >> 5 === 0x6 ? 2 : first >> 4 === 0xe ? 3 : first >> 3 === 0x1e ? 4 : 0;
        if (width === 0) throw this.#fault("invalid leading UTF-8 octet");
        if (this.#position + width > this.#windowEnd) {
            if (this.#noMoreBytes) throw this.#fault("incomplete UTF-8 octet sequence");
            return 0;
        }
        let code = width === 1 ? first : first & (0x7f >> width);
        for (let k = 1; k < width; k++) {
            const octet = this.#bytes[this.#position + k]!;
            if ((octet & 0xc0) !== 0x80) throw this.#fault("invalid trailing UTF-8 octet");
            code = (code << 6) + (octet & 0x3f);
        }
        const smallest = [0, 0, 0x80, 0x800, 0x10000][width]!;
        if (code < smallest) throw this.#fault("invalid length of a UTF-8 sequence");
        if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) throw this.#fault("invalid Unicode character");
        this.#accept(code, width);
        return width;
    }

    #decodeUtf16(): number {
        const unit = (at: number): number => {
            const [low, high] = this.#encoding === "utf-16le" ? [at, at + 1] : [at + 1, at];
            return this.#bytes[low]! + (this.#bytes[high]! << 8);
        };
        const unread = this.#windowEnd - this.#position;
        if (unread < 2) {
            if (this.#noMoreBytes) throw this.#fault("incomplete UTF-16 character");
            return 0;
        }
        const first = unit(this.#position);
        if ((first & 0xfc00) === 0xdc00) throw this.#fault("unexpected low surrogate area");
        if ((first & 0xfc00) !== 0xd800) {
            this.#accept(first, 2);
            return 2;
        }
        if (unread < 4) {
            if (this.#noMoreBytes) throw this.#fault("incomplete UTF-16 surrogate pair");
            return 0;
        }
        const second = unit(this.#position + 2);
        if ((second & 0xfc00) !== 0xdc00) throw this.#fault("expected low surrogate area");
        this.#accept(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff), 4);
        return 4;
    }

    #accept(code: number, width: number): void {
        const isAllowed =
            code === TAB ||
            code === LINE_FEED ||
            code === CARRIAGE_RETURN ||
            code === NEXT_LINE ||
            (code >= 0x20 && code <= 0x7e) ||
            (code >= 0xa0 && code <= 0xfffd) ||
            code >= 0x10000;
        if (!isAllowed) throw this.#fault("control characters are not allowed");
        this.#codes.push(code);
        this.#loaded++;
        this.#position += width;
    }

    /** A fault at the character that comes next in the bytes, wherever reading is. */
    #fault(problem: string): YamlFault {
        let line = 0;
        let column = 0;
        for (const [index, code] of this.#codes.entries()) {
            const isHalfBreak = code === CARRIAGE_RETURN && this.#codes[index + 1] === LINE_FEED;
            const isBreak = [LINE_FEED, CARRIAGE_RETURN, NEXT_LINE, LINE_SEPARATOR, PARAGRAPH_SEPARATOR].includes(code);
            if (isBreak && !isHalfBreak) line++;
            column = isBreak ? 0 : column + 1;
        }
        return new YamlFault("characters", problem, { index: this.#codes.length, line, column });
    }
}
