import { Characters } from "./characters.ts";
import { type Mark, YamlFault } from "./fault.ts";
import type { ScannedTag } from "./properties.ts";
import { Scanner, type Token } from "./scanner.ts";

/** What a YAML text is made of. Collections have no tag: yaml.v2 does not look at it. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping | YamlAlias;

export interface YamlScalar {
    kind: "scalar";
    mark: Mark;
    value: string;
    /** The whole tag, such as `tag:yaml.org,2002:str`; "" without one. */
    tag: string;
    /** Whether the value says what it is: text without quotes, or any text with the tag `!`. */
    isImplicit: boolean;
}

export interface YamlSequence {
    kind: "sequence";
    mark: Mark;
    items: YamlNode[];
}

export interface YamlMapping {
    kind: "mapping";
    mark: Mark;
    entries: [key: YamlNode, value: YamlNode][];
}

export interface YamlAlias {
    kind: "alias";
    mark: Mark;
    name: string;
    target: YamlNode;
}

/** The first document of a text, which is all that K3s reads. */
export interface YamlDocument {
    /** Null for a text without any document. */
    root: YamlNode | null;
    /** Where something begins that is not part of it and not empty; null when nothing does. */
    rest: Mark | null;
}

type ParserEvent = { mark: Mark } & (
    | { kind: "scalar"; anchor: string; tag: string; value: string; isImplicit: boolean }
    | { kind: "alias"; name: string }
    | { kind: "sequence-start" | "mapping-start"; anchor: string }
    | { kind: "end" }
);

type State = () => ParserEvent;

const DEFAULT_TAGS: readonly (readonly [handle: string, prefix: string])[] = [
    ["!", "!"],
    ["!!", "tag:yaml.org,2002:"],
];

/** Reads the first document of a text as yaml.v2 does (parserc.go, decode.go). Throws YamlFault. */
export function parseYaml(bytes: Uint8Array): YamlDocument {
    const scanner = new Scanner(new Characters(bytes));
    const parser = new DocumentParser(scanner);
    if (!parser.begin()) return { root: null, rest: null };
    const root = readTree(parser);
    // yaml.v2 looks at the token behind the document, so a fault there counts.
    scanner.peek();
    return { root, rest: restOf(scanner) };
}

function readTree(parser: DocumentParser): YamlNode {
    const anchors = new Map<string, YamlNode>();
    const open: (YamlSequence | { kind: "mapping"; node: YamlMapping; key: YamlNode | null })[] = [];
    const anchored = <N extends YamlNode>(node: N, anchor: string): N => {
        if (anchor !== "") anchors.set(anchor, node);
        return node;
    };
    for (;;) {
        const event = parser.next();
        let done: YamlNode;
        if (event.kind === "scalar") {
            const { mark, value, tag, isImplicit } = event;
            done = anchored({ kind: "scalar", mark, value, tag, isImplicit }, event.anchor);
        } else if (event.kind === "alias") {
            const target = anchors.get(event.name);
            if (!target) throw new YamlFault("decoder", `unknown anchor '${event.name}' referenced`, event.mark);
            done = { kind: "alias", mark: event.mark, name: event.name, target };
        } else if (event.kind === "sequence-start") {
            open.push(anchored({ kind: "sequence", mark: event.mark, items: [] }, event.anchor));
            continue;
        } else if (event.kind === "mapping-start") {
            const node = anchored<YamlMapping>({ kind: "mapping", mark: event.mark, entries: [] }, event.anchor);
            open.push({ kind: "mapping", node, key: null });
            continue;
        } else {
            const closed = open.pop()!;
            done = closed.kind === "mapping" ? closed.node : closed;
        }
        const around = open.at(-1);
        if (!around) return done;
        if (around.kind === "sequence") around.items.push(done);
        else if (around.key === null) around.key = done;
        else {
            around.node.entries.push([around.key, done]);
            around.key = null;
        }
    }
}

/** Where something that K3s does not read begins. A fault in it does not matter to K3s either. */
function restOf(scanner: Scanner): Mark | null {
    try {
        while (scanner.peek().kind === "document-end") scanner.take();
        const { kind, mark } = scanner.peek();
        if (kind === "stream-end") return null;
        if (kind !== "document-start") return mark;
        while (["document-start", "document-end"].includes(scanner.peek().kind)) scanner.take();
        return scanner.peek().kind === "stream-end" ? null : mark;
    } catch (error) {
        if (error instanceof YamlFault) return error.mark;
        throw error;
    }
}

class DocumentParser {
    readonly #scanner: Scanner;
    readonly #tags = new Map<string, string>();
    /** What comes after the current node, the innermost last. */
    readonly #states: State[] = [];
    #state: State = () => this.#node(true, false);
    /** Where the collections around the current node begin. */
    readonly #marks: Mark[] = [];
    #lastScalar: Mark | null = null;

    constructor(scanner: Scanner) {
        this.#scanner = scanner;
    }

    /** Reads up to the document's root; false when there is no document. */
    begin(): boolean {
        const { kind } = this.#scanner.peek();
        if (kind === "stream-end") return false;
        this.#directives();
        if (kind === "directive" || kind === "document-start") {
            const start = this.#scanner.peek();
            if (start.kind !== "document-start")
                throw new YamlFault("parser", "did not find expected <document start>", start.mark);
            this.#scanner.take();
            this.#state = () => this.#documentContent();
        }
        return true;
    }

    next(): ParserEvent {
        return this.#state();
    }

    #directives(): void {
        let hasVersion = false;
        for (let token = this.#scanner.peek(); token.kind === "directive"; token = this.#scanner.peek()) {
            const { directive, mark } = token;
            if (directive.kind === "version") {
                if (hasVersion) throw new YamlFault("parser", "found duplicate %YAML directive", mark);
                if (directive.major !== 1 || directive.minor !== 1)
                    throw new YamlFault("parser", "found incompatible YAML document", mark);
                hasVersion = true;
            } else {
                if (this.#tags.has(directive.handle))
                    throw new YamlFault("parser", "found duplicate %TAG directive", mark);
                this.#tags.set(directive.handle, directive.prefix);
            }
            this.#scanner.take();
        }
        for (const [handle, prefix] of DEFAULT_TAGS) {
            if (!this.#tags.has(handle)) this.#tags.set(handle, prefix);
        }
    }

    #documentContent(): ParserEvent {
        const { kind, mark } = this.#scanner.peek();
        const isEmpty = ["directive", "document-start", "document-end", "stream-end"].includes(kind);
        return isEmpty ? emptyScalar(mark) : this.#node(true, false);
    }

    /** A node, after which `then` is what comes. */
    #nodeThen(then: State, inBlock: boolean, mayBeIndentless = false): ParserEvent {
        this.#states.push(then);
        return this.#node(inBlock, mayBeIndentless);
    }

    #emptyThen(then: State, mark: Mark): ParserEvent {
        this.#state = then;
        return emptyScalar(mark);
    }

    #leave(): void {
        this.#state = this.#states.pop() ?? (() => emptyScalar(this.#scanner.peek().mark));
    }

    #node(inBlock: boolean, mayBeIndentless: boolean): ParserEvent {
        const scanner = this.#scanner;
        const first = scanner.peek();
        if (first.kind === "alias") {
            this.#leave();
            scanner.take();
            return { kind: "alias", mark: first.mark, name: first.name };
        }
        const { anchor, tag } = this.#properties();
        const token = scanner.peek();
        const mark = first.mark;
        if (mayBeIndentless && token.kind === "block-entry") {
            this.#state = () => this.#indentlessEntry();
            return { kind: "sequence-start", mark, anchor };
        }
        if (token.kind === "scalar") {
            this.#leave();
            this.#lastScalar = token.mark;
            scanner.take();
            const isImplicit = tag === "!" || (tag === "" && token.isPlain);
            return { kind: "scalar", mark, anchor, tag, value: token.value, isImplicit };
        }
        if (token.kind === "flow-sequence-start") return this.#open("sequence-start", mark, anchor, this.#flowEntry);
        if (token.kind === "flow-mapping-start") return this.#open("mapping-start", mark, anchor, this.#flowKey);
        if (inBlock && token.kind === "block-sequence-start")
            return this.#open("sequence-start", mark, anchor, this.#blockEntry);
        if (inBlock && token.kind === "block-mapping-start")
            return this.#open("mapping-start", mark, anchor, this.#blockKey);
        if (anchor !== "" || tag !== "") {
            this.#leave();
            return { kind: "scalar", mark, anchor, tag, value: "", isImplicit: tag === "" };
        }
        throw this.#fault("did not find expected node content", token);
    }

    #properties(): { anchor: string; tag: string } {
        const scanner = this.#scanner;
        let anchor = "";
        let scanned: (ScannedTag & { mark: Mark }) | null = null;
        const start = scanner.peek().mark;
        for (let k = 0; k < 2; k++) {
            const token = scanner.peek();
            if (token.kind === "anchor" && anchor === "") anchor = token.name;
            else if (token.kind === "tag" && scanned === null) scanned = { ...token.tag, mark: token.mark };
            else break;
            scanner.take();
        }
        if (scanned === null) return { anchor, tag: "" };
        if (scanned.handle === "") return { anchor, tag: scanned.suffix };
        const prefix = this.#tags.get(scanned.handle);
        if (prefix === undefined) throw new YamlFault("parser", "found undefined tag handle", scanned.mark, start);
        return { anchor, tag: prefix + scanned.suffix };
    }

    #open(
        kind: "sequence-start" | "mapping-start",
        mark: Mark,
        anchor: string,
        entry: (isFirst: boolean) => ParserEvent,
    ): ParserEvent {
        this.#state = () => {
            this.#marks.push(this.#scanner.take().mark);
            return entry.call(this, true);
        };
        return { kind, mark, anchor };
    }

    /** Leaves a collection at the token that closes it. */
    #close(token: Token): ParserEvent {
        this.#leave();
        this.#marks.pop();
        this.#scanner.take();
        return { kind: "end", mark: token.mark };
    }

    #fault(problem: string, token: Token, withoutColon: Mark | null = null): YamlFault {
        return new YamlFault("parser", problem, token.mark, this.#marks.at(-1) ?? null, withoutColon);
    }

    /** A text on the same line, or a deeper map, behind a text: that text was meant as a key. */
    #noKey(token: Token): YamlFault {
        const before = this.#lastScalar;
        const isBehind = before !== null && (token.kind === "scalar" ? token.mark.line === before.line : true);
        const followsText = isBehind && ["scalar", "block-mapping-start"].includes(token.kind);
        return this.#fault("did not find expected key", token, followsText ? before : null);
    }

    readonly #blockEntry = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (token.kind === "block-end") return this.#close(token);
        if (token.kind !== "block-entry") throw this.#fault("did not find expected '-' indicator", token);
        this.#scanner.take();
        return ["block-entry", "block-end"].includes(this.#scanner.peek().kind)
            ? this.#emptyThen(this.#blockEntry, token.mark)
            : this.#nodeThen(this.#blockEntry, true);
    };

    #indentlessEntry(): ParserEvent {
        const token = this.#scanner.peek();
        const then = () => this.#indentlessEntry();
        if (token.kind !== "block-entry") {
            this.#leave();
            return { kind: "end", mark: token.mark };
        }
        this.#scanner.take();
        return ["block-entry", "key", "value", "block-end"].includes(this.#scanner.peek().kind)
            ? this.#emptyThen(then, token.mark)
            : this.#nodeThen(then, true);
    }

    readonly #blockKey = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (token.kind === "block-end") return this.#close(token);
        if (token.kind !== "key") throw this.#noKey(token);
        this.#scanner.take();
        return ["key", "value", "block-end"].includes(this.#scanner.peek().kind)
            ? this.#emptyThen(this.#blockValue, token.mark)
            : this.#nodeThen(this.#blockValue, true, true);
    };

    readonly #blockValue = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (token.kind !== "value") return this.#emptyThen(this.#blockKey, token.mark);
        this.#scanner.take();
        return ["key", "value", "block-end"].includes(this.#scanner.peek().kind)
            ? this.#emptyThen(this.#blockKey, token.mark)
            : this.#nodeThen(this.#blockKey, true, true);
    };

    readonly #flowEntry = (isFirst = false): ParserEvent => {
        let token = this.#scanner.peek();
        if (token.kind !== "flow-sequence-end") {
            if (!isFirst) {
                if (token.kind !== "flow-entry") throw this.#fault("did not find expected ',' or ']'", token);
                this.#scanner.take();
                token = this.#scanner.peek();
            }
            if (token.kind === "key") {
                this.#scanner.take();
                this.#state = this.#pairKey;
                return { kind: "mapping-start", mark: token.mark, anchor: "" };
            }
            if (token.kind !== "flow-sequence-end") return this.#nodeThen(this.#flowEntry, false);
        }
        return this.#close(token);
    };

    /** A pair in brackets, `[a: b]`, is a map of its own. */
    readonly #pairKey = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (!["value", "flow-entry", "flow-sequence-end"].includes(token.kind))
            return this.#nodeThen(this.#pairValue, false);
        this.#scanner.take();
        return this.#emptyThen(this.#pairValue, token.mark);
    };

    readonly #pairValue = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (token.kind === "value") {
            this.#scanner.take();
            if (!["flow-entry", "flow-sequence-end"].includes(this.#scanner.peek().kind))
                return this.#nodeThen(this.#pairEnd, false);
        }
        return this.#emptyThen(this.#pairEnd, token.mark);
    };

    readonly #pairEnd = (): ParserEvent => {
        this.#state = this.#flowEntry;
        return { kind: "end", mark: this.#scanner.peek().mark };
    };

    readonly #flowKey = (isFirst = false): ParserEvent => {
        let token = this.#scanner.peek();
        if (token.kind !== "flow-mapping-end") {
            if (!isFirst) {
                if (token.kind !== "flow-entry") throw this.#fault("did not find expected ',' or '}'", token);
                this.#scanner.take();
                token = this.#scanner.peek();
            }
            if (token.kind === "key") {
                this.#scanner.take();
                const { kind, mark } = this.#scanner.peek();
                return ["value", "flow-entry", "flow-mapping-end"].includes(kind)
                    ? this.#emptyThen(this.#flowValue, mark)
                    : this.#nodeThen(this.#flowValue, false);
            }
            if (token.kind !== "flow-mapping-end") return this.#nodeThen(this.#flowEmptyValue, false);
        }
        return this.#close(token);
    };

    readonly #flowValue = (): ParserEvent => {
        const token = this.#scanner.peek();
        if (token.kind === "value") {
            this.#scanner.take();
            if (!["flow-entry", "flow-mapping-end"].includes(this.#scanner.peek().kind))
                return this.#nodeThen(this.#flowKey, false);
        }
        return this.#emptyThen(this.#flowKey, token.mark);
    };

    readonly #flowEmptyValue = (): ParserEvent => this.#emptyThen(this.#flowKey, this.#scanner.peek().mark);
}

/** The node that stands where nothing is written. */
function emptyScalar(mark: Mark): ParserEvent {
    return { kind: "scalar", mark, anchor: "", tag: "", value: "", isImplicit: true };
}
