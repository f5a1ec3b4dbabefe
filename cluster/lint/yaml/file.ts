import {
    type Document,
    isAlias,
    isMap,
    isPair,
    isScalar,
    isSeq,
    LineCounter,
    type Node,
    type Pair,
    parseAllDocuments,
} from "yaml";
import type { Located, LocatedEntry, LocatedMap, Place, YamlDocument, YamlFile } from "./document.ts";

/** Reads YAML of any kind. Never throws: what cannot be read is among the problems. */
export function parseYamlFile(path: string, content: string): YamlFile {
    const file: YamlFile = { path, text: content, documents: [], problems: [] };
    const lines = new LineCounter();
    try {
        const parsed = parseAllDocuments(content, {
            keepSourceTokens: true,
            lineCounter: lines,
            logLevel: "silent",
            prettyErrors: false,
            uniqueKeys: false,
        });
        for (const [index, syntax] of (Array.isArray(parsed) ? parsed : []).entries()) {
            const error = syntax.errors[0];
            if (error) {
                file.problems.push({ line: lineAt(lines, error.pos[0]), message: explain(error.message, content) });
                continue;
            }
            const document: YamlDocument = { file, index, syntax: syntax as Document.Parsed, root: undefined };
            document.root = syntax.contents ? locate(syntax.contents as Node, document, lines) : undefined;
            file.documents.push(document);
        }
    } catch (error) {
        // The parser and the reading of its tree recurse: a file nested tens of thousands deep ends up here.
        file.documents = [];
        const reason = error instanceof RangeError ? "it is nested too deep" : String(error);
        file.problems.push({ line: 1, message: `not readable as YAML: ${reason}` });
    }
    return file;
}

/** YAML that stands as text inside a scalar, such as an inline patch. Its values are placed at the scalar's lines. */
export function parseInlineYaml(content: string, place: Place): { roots: Located[]; problem: string | undefined } {
    const inner = parseYamlFile(place.document.file.path, content);
    const first =
        place.node && isScalar(place.node) && place.node.type?.startsWith("BLOCK") ? place.line : place.line - 1;
    const roots = inner.documents.flatMap(document =>
        document.root ? [moved(document.root, line => ({ document: place.document, line: first + line }))] : [],
    );
    return { roots, problem: inner.problems[0]?.message };
}

function explain(message: string, content: string): string {
    return content.includes("{{")
        ? "not YAML yet: it holds template expressions ({{ }}), which only Helm or another tool can fill in"
        : `not readable as YAML: ${message}`;
}

function lineAt(lines: LineCounter, offset: number): number {
    return Math.max(1, lines.linePos(offset).line);
}

function locate(root: Node, document: YamlDocument, lines: LineCounter): Located {
    const anchors = new Map<string, Located>();
    const place = (node: Node): Place => ({ document, line: lineAt(lines, node.range?.[0] ?? 0), node });

    const convert = (node: Node): Located => {
        if (isAlias(node)) {
            // An alias inside its own anchor has no finite value; Kubernetes refuses it too.
            return anchors.get(node.source) ?? { type: "scalar", value: null, plain: false, at: place(node) };
        }
        const value = convertPlain(node);
        if ("anchor" in node && node.anchor) anchors.set(node.anchor, value);
        return value;
    };
    const convertPlain = (node: Node): Located => {
        if (isSeq(node)) {
            // `- ? a` and pairs in flow lists stand as pairs in the list.
            const items = node.items.map(item =>
                isPair(item) ? mapOf([item], place(node)) : item ? convert(item as Node) : nothing(place(node)),
            );
            return { type: "list", items, at: place(node) };
        }
        if (isMap(node)) return mapOf(node.items, place(node));
        if (!isScalar(node)) return nothing(place(node));
        const { value } = node;
        const known = value === null || ["string", "number", "boolean", "bigint"].includes(typeof value);
        return {
            type: "scalar",
            value: known ? (value as string) : String(node.source ?? ""),
            plain: node.type === "PLAIN",
            at: place(node),
        };
    };
    const mapOf = (pairs: Pair[], whole: Place): LocatedMap => {
        const own = new Map<string, LocatedEntry>();
        const merged: LocatedMap[] = [];
        for (const pair of pairs) {
            const keyNode = pair.key as Node | null;
            const key = keyNode ? convert(keyNode) : nothing(whole);
            const value = pair.value ? convert(pair.value as Node) : nothing(keyNode ? place(keyNode) : whole);
            const name = key.type === "scalar" ? String(key.value ?? "") : `[${key.type}]`;
            if (name === "<<") merged.push(...(value.type === "list" ? value.items : [value]).filter(isLocatedMap));
            else own.set(name, { key: keyNode ? place(keyNode) : whole, value });
        }
        const entries = new Map<string, LocatedEntry>();
        for (const source of merged.reverse()) for (const [name, entry] of source.entries) entries.set(name, entry);
        for (const [name, entry] of own) entries.set(name, entry);
        return { type: "map", entries, at: whole };
    };
    return convert(root);
}

function isLocatedMap(value: Located): value is LocatedMap {
    return value.type === "map";
}

function nothing(place: Place): Located {
    return { type: "scalar", value: null, plain: false, at: place };
}

/** The same value written somewhere else. Shared parts stay shared. */
export function moved(value: Located, to: (line: number) => Place): Located {
    const done = new Map<Located, Located>();
    const move = (from: Located): Located => {
        const known = done.get(from);
        if (known) return known;
        const place = to(from.at.line);
        const result: Located =
            from.type === "scalar"
                ? { ...from, at: place }
                : from.type === "list"
                  ? { ...from, items: from.items.map(move), at: place }
                  : {
                        ...from,
                        at: place,
                        entries: new Map(
                            [...from.entries].map(([name, { key, value }]) => [
                                name,
                                { key: to(key.line), value: move(value) },
                            ]),
                        ),
                    };
        done.set(from, result);
        return result;
    };
    return move(value);
}
