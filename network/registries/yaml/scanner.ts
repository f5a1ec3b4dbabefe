import { type Characters, TAB } from "./characters.ts";
import { type Mark, YamlFault } from "./fault.ts";
import { type Directive, type ScannedTag, scanAnchor, scanDirective, scanTag } from "./properties.ts";
import { scanBlock, scannerFault, scanPlain, scanQuoted } from "./scalars.ts";

/** One piece of a YAML text, with the place where it begins. */
export type Token = { readonly mark: Mark } & (
    | { kind: PunctuationKind }
    | { kind: "directive"; directive: Directive }
    | { kind: "anchor" | "alias"; name: string }
    | { kind: "tag"; tag: ScannedTag }
    | { kind: "scalar"; value: string; isPlain: boolean }
);

type PunctuationKind =
    | "document-start"
    | "document-end"
    | "stream-end"
    | "block-sequence-start"
    | "block-mapping-start"
    | "block-end"
    | "flow-sequence-start"
    | "flow-sequence-end"
    | "flow-mapping-start"
    | "flow-mapping-end"
    | "block-entry"
    | "flow-entry"
    | "key"
    | "value";

/** A token that may turn out to be a key, when a colon follows on its line. */
interface PossibleKey {
    mark: Mark;
    /** Whether nothing but a key may stand here, as at the column of a block's other keys. */
    isRequired: boolean;
    /** Number of the token in the text. */
    token: number;
}

/** Depth of brackets and of indentation at which yaml.v2 stops. */
const DEEPEST = 10_000;

/** Characters between a key's beginning and its colon at most. */
const LONGEST_KEY = 1024;

/** Takes a text apart into tokens, exactly as yaml.v2 does (scannerc.go). Throws YamlFault. */
export class Scanner {
    readonly #characters: Characters;
    /** Tokens that are found and not taken, from `#head` on. */
    #tokens: Token[] = [];
    #head = 0;
    #taken = 0;
    /** Columns of the blocks around the current one. */
    readonly #indents: number[] = [];
    #indent = -1;
    /** A possible key for each level of brackets, and the token it was last looked for at; the first is for no brackets. */
    readonly #levels: { key: PossibleKey | null; token: number }[] = [{ key: null, token: 0 }];
    readonly #keyTokens = new Map<number, number>();
    #mayBeKey = true;
    #isAtEnd = false;
    #lastScalar: Mark | null = null;

    constructor(characters: Characters) {
        this.#characters = characters;
        characters.ensure(1);
    }

    /** The next token, which stays the next one. */
    peek(): Token {
        while (!this.#isReady()) this.#fetch();
        return this.#tokens[this.#head]!;
    }

    /** Takes the next token. */
    take(): Token {
        const token = this.peek();
        if (token.kind !== "stream-end") {
            this.#head++;
            this.#taken++;
            if (this.#head === this.#tokens.length) {
                this.#tokens = [];
                this.#head = 0;
            }
        }
        return token;
    }

    get #inFlow(): boolean {
        return this.#levels.length > 1;
    }

    /** A token is ready unless a colon further on could still make a key of it. */
    #isReady(): boolean {
        if (this.#head === this.#tokens.length) return this.#isAtEnd;
        const level = this.#keyTokens.get(this.#taken);
        return level === undefined || this.#validKey(level) === null;
    }

    #fetch(): void {
        const characters = this.#characters;
        characters.ensure(1);
        this.#skipToToken();
        this.#closeBlocks(characters.column);
        characters.ensure(4);
        this.#chosen()();
    }

    /** What reads the token that begins at the next character. */
    #chosen(): () => void {
        const characters = this.#characters;
        if (characters.isEnd()) return () => this.#fetchEnd();
        if (characters.column === 0 && characters.is("%")) return () => this.#fetchDirective();
        if (characters.isDocumentIndicator()) {
            return () => this.#fetchIndicator(characters.is("-") ? "document-start" : "document-end");
        }
        if (characters.is("[")) return () => this.#openFlow("flow-sequence-start");
        if (characters.is("{")) return () => this.#openFlow("flow-mapping-start");
        if (characters.is("]")) return () => this.#closeFlow("flow-sequence-end");
        if (characters.is("}")) return () => this.#closeFlow("flow-mapping-end");
        if (characters.is(",")) return () => this.#fetchFlowEntry();
        const standsAlone = characters.isBlankBreakOrEnd(1);
        if (characters.is("-") && standsAlone) return () => this.#fetchBlockEntry();
        if (characters.is("?") && (this.#inFlow || standsAlone)) return () => this.#fetchKey();
        if (characters.is(":") && (this.#inFlow || standsAlone)) return () => this.#fetchValue();
        if (characters.is("*"))
            return () => this.#fetchProperty(mark => ({ kind: "alias", mark, name: scanAnchor(characters) }));
        if (characters.is("&"))
            return () => this.#fetchProperty(mark => ({ kind: "anchor", mark, name: scanAnchor(characters) }));
        if (characters.is("!"))
            return () => this.#fetchProperty(mark => ({ kind: "tag", mark, tag: scanTag(characters) }));
        if (characters.isOneOf("|>") && !this.#inFlow) return () => this.#fetchBlockScalar();
        if (characters.isOneOf("'\"")) return () => this.#fetchQuoted();
        const isIndicator = characters.isBlankBreakOrEnd() || characters.isOneOf("-?:,[]{}#&*!|>'\"%@`");
        const isPlain =
            !isIndicator ||
            (characters.is("-") && !characters.isBlank(1)) ||
            (!this.#inFlow && characters.isOneOf("?:") && !standsAlone);
        if (!isPlain) throw scannerFault(characters, "found character that cannot start any token", characters.mark);
        return () => this.#fetchPlain();
    }

    #skipToToken(): void {
        const characters = this.#characters;
        for (;;) {
            characters.ensure(1);
            if (characters.isByteOrderMark()) characters.skip();
            characters.ensure(1);
            while (characters.is(" ") || (characters.at() === TAB && (this.#inFlow || !this.#mayBeKey))) {
                characters.skip();
                characters.ensure(1);
            }
            characters.skipComment();
            if (!characters.isBreak()) return;
            characters.ensure(2);
            characters.readBreak();
            if (!this.#inFlow) this.#mayBeKey = true;
        }
    }

    #add(token: Token): void {
        this.#tokens.push(token);
    }

    #addPunctuation(kind: PunctuationKind, width: number): void {
        const { mark } = this.#characters;
        for (let k = 0; k < width; k++) this.#characters.skip();
        this.#add({ kind, mark });
    }

    #fetchEnd(): void {
        this.#characters.endLine();
        this.#closeBlocks(-1);
        this.#forgetKey();
        this.#mayBeKey = false;
        this.#add({ kind: "stream-end", mark: this.#characters.mark });
        this.#isAtEnd = true;
    }

    #fetchDirective(): void {
        this.#closeBlocks(-1);
        this.#forgetKey();
        this.#mayBeKey = false;
        const { mark } = this.#characters;
        this.#add({ kind: "directive", mark, directive: scanDirective(this.#characters) });
    }

    #fetchIndicator(kind: "document-start" | "document-end"): void {
        this.#closeBlocks(-1);
        this.#forgetKey();
        this.#mayBeKey = false;
        this.#addPunctuation(kind, 3);
    }

    #openFlow(kind: "flow-sequence-start" | "flow-mapping-start"): void {
        this.#noteKey();
        this.#levels.push({ key: null, token: this.#nextToken });
        if (this.#levels.length - 1 > DEEPEST) throw scannerFault(this.#characters, `exceeded max depth of ${DEEPEST}`);
        this.#mayBeKey = true;
        this.#addPunctuation(kind, 1);
    }

    #closeFlow(kind: "flow-sequence-end" | "flow-mapping-end"): void {
        this.#forgetKey();
        // Empty brackets were entered with the number of their own token, so they are no longer a key by this.
        if (this.#inFlow) this.#keyTokens.delete(this.#levels.pop()!.token);
        this.#mayBeKey = false;
        this.#addPunctuation(kind, 1);
    }

    #fetchFlowEntry(): void {
        this.#forgetKey();
        this.#mayBeKey = true;
        this.#addPunctuation("flow-entry", 1);
    }

    #fetchBlockEntry(): void {
        if (!this.#inFlow) {
            if (!this.#mayBeKey)
                throw scannerFault(this.#characters, "block sequence entries are not allowed in this context");
            this.#openBlock(this.#characters.mark, "block-sequence-start");
        }
        this.#forgetKey();
        this.#mayBeKey = true;
        this.#addPunctuation("block-entry", 1);
    }

    #fetchKey(): void {
        if (!this.#inFlow) {
            if (!this.#mayBeKey) throw scannerFault(this.#characters, "mapping keys are not allowed in this context");
            this.#openBlock(this.#characters.mark, "block-mapping-start");
        }
        this.#forgetKey();
        this.#mayBeKey = !this.#inFlow;
        this.#addPunctuation("key", 1);
    }

    #fetchValue(): void {
        const level = this.#levels.length - 1;
        const key = this.#validKey(level);
        if (key !== null) {
            this.#insert(key.token, { kind: "key", mark: key.mark });
            this.#openBlock(key.mark, "block-mapping-start", key.token);
            this.#levels[level]!.key = null;
            this.#keyTokens.delete(key.token);
            this.#mayBeKey = false;
        } else {
            if (!this.#inFlow) {
                if (!this.#mayBeKey) throw this.#noValueHere();
                this.#openBlock(this.#characters.mark, "block-mapping-start");
            }
            this.#mayBeKey = !this.#inFlow;
        }
        this.#addPunctuation("value", 1);
    }

    /** Where the text before the colon begins on a line above, a colon is missing there. */
    #noValueHere(): YamlFault {
        const { mark } = this.#characters;
        const scalar = this.#lastScalar;
        const withoutColon = scalar !== null && scalar.line < mark.line ? scalar : null;
        const problem = "mapping values are not allowed in this context";
        return new YamlFault("scanner", problem, mark, null, withoutColon);
    }

    #noColonBehind(key: Mark): YamlFault {
        return new YamlFault("scanner", "could not find expected ':'", this.#characters.mark, key, key);
    }

    #fetchProperty(scan: (mark: Mark) => Token): void {
        this.#noteKey();
        this.#mayBeKey = false;
        this.#add(scan(this.#characters.mark));
    }

    #fetchBlockScalar(): void {
        this.#forgetKey();
        this.#mayBeKey = true;
        const { mark } = this.#characters;
        const isLiteral = this.#characters.is("|");
        this.#add({
            kind: "scalar",
            mark,
            isPlain: false,
            value: scanBlock(this.#characters, this.#indent, isLiteral),
        });
    }

    #fetchQuoted(): void {
        this.#noteKey();
        this.#mayBeKey = false;
        const { mark } = this.#characters;
        this.#lastScalar = mark;
        const quote = this.#characters.is("'") ? "'" : '"';
        this.#add({ kind: "scalar", mark, isPlain: false, value: scanQuoted(this.#characters, quote) });
    }

    #fetchPlain(): void {
        this.#noteKey();
        this.#mayBeKey = false;
        const { mark } = this.#characters;
        this.#lastScalar = mark;
        const { value, endsLine } = scanPlain(this.#characters, this.#indent + 1, this.#inFlow);
        this.#add({ kind: "scalar", mark, isPlain: true, value });
        if (endsLine) this.#mayBeKey = true;
    }

    /** The possible key of a level; null where there is none any more. Throws where a key is required. */
    #validKey(level: number): PossibleKey | null {
        const key = this.#levels[level]?.key ?? null;
        if (key === null) return null;
        const { line, index } = this.#characters;
        if (key.mark.line >= line && key.mark.index + LONGEST_KEY >= index) return key;
        if (key.isRequired) throw this.#noColonBehind(key.mark);
        this.#levels[level]!.key = null;
        return null;
    }

    /** Number of the token that is found next. */
    get #nextToken(): number {
        return this.#taken + (this.#tokens.length - this.#head);
    }

    #noteKey(): void {
        if (!this.#mayBeKey) return;
        const { mark } = this.#characters;
        const isRequired = !this.#inFlow && this.#indent === mark.column;
        const token = this.#nextToken;
        this.#forgetKey();
        const level = this.#levels.length - 1;
        this.#levels[level] = { key: { mark, isRequired, token }, token };
        this.#keyTokens.set(token, level);
    }

    #forgetKey(): void {
        const level = this.#levels.at(-1)!;
        if (level.key === null) return;
        if (level.key.isRequired) throw this.#noColonBehind(level.key.mark);
        this.#keyTokens.delete(level.key.token);
        level.key = null;
    }

    /** Puts a token before one that was found earlier, or at the end when that one is taken already. */
    #insert(number: number, token: Token): void {
        const place = number - this.#taken;
        if (place < 0) this.#add(token);
        else this.#tokens.splice(this.#head + place, 0, token);
    }

    #openBlock(mark: Mark, kind: "block-sequence-start" | "block-mapping-start", before: number | null = null): void {
        if (this.#inFlow || this.#indent >= mark.column) return;
        this.#indents.push(this.#indent);
        this.#indent = mark.column;
        if (this.#indents.length > DEEPEST) throw scannerFault(this.#characters, `exceeded max depth of ${DEEPEST}`);
        if (before === null) this.#add({ kind, mark });
        else this.#insert(before, { kind, mark });
    }

    #closeBlocks(column: number): void {
        if (this.#inFlow) return;
        while (this.#indent > column) {
            this.#add({ kind: "block-end", mark: this.#characters.mark });
            this.#indent = this.#indents.pop()!;
        }
    }
}
