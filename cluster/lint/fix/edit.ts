import {
    type CST,
    isMap,
    isScalar,
    isSeq,
    type Node,
    type Pair,
    stringify,
    visit,
    type YAMLMap,
    type YAMLSeq,
} from "yaml";
import type { YamlDocument } from "../yaml/document.ts";
import { at } from "../yaml/located.ts";
import type { HealthCheck, ReadyKind } from "./healthCheck.ts";

/** A piece of a file's text, by offsets, and what takes its place. All else keeps every byte. */
export interface TextEdit {
    start: number;
    end: number;
    text: string;
}

/**
 * Takes entries out of a list of `spec`, and the list's key with the last of them. Comments in what goes stay, as lines
 * of their own. Undefined where the text is not laid out so that whole lines can go.
 */
export function dropEntries(document: YamlDocument, key: string, entries: readonly Node[]): TextEdit[] | undefined {
    const pair = pairOf(specOf(document), key);
    const list = pair && blockListOf(pair);
    if (!pair || !list || !entries.every(entry => list.items.includes(entry))) return undefined;
    if (entries.length === list.items.length) {
        const start = (pair.key as Node).range?.[0] ?? 0;
        return together([dropLines(document, start, list.range?.[1] ?? 0, pair.srcToken)]);
    }
    const tokens = (list.srcToken as CST.BlockSequence).items;
    return together(
        entries.map(entry => {
            const item = tokens[list.items.indexOf(entry)];
            return dropLines(document, dashOf(item) ?? -1, entry.range?.[1] ?? 0, item);
        }),
    );
}

/** Turns `wait` off and adds what it stood for to `healthChecks`. */
export function replaceWait(document: YamlDocument, checks: readonly HealthCheck[]): TextEdit[] | undefined {
    const wait = pairOf(specOf(document), "wait")?.value;
    if (!isScalar(wait) || wait.anchor || !wait.range) return undefined;
    const off = { start: wait.range[0], end: wait.range[1], text: "false" };
    if (checks.length === 0) return [off];
    const added = addChecks(document, checks);
    return added && [off, ...added];
}

/** Adds entries at the end of `healthChecks`, or the list itself after `wait` or at the end of `spec`. */
export function addChecks(document: YamlDocument, checks: readonly HealthCheck[]): TextEdit[] | undefined {
    return addEntries(
        document,
        "healthChecks",
        checks.map(({ apiVersion, kind, name, namespace }) => ({ apiVersion, kind, name, namespace })),
    );
}

/** Adds entries to `healthCheckExprs` that take every object of a kind as ready. */
export function addReadyKinds(document: YamlDocument, kinds: readonly ReadyKind[]): TextEdit[] | undefined {
    return addEntries(
        document,
        "healthCheckExprs",
        kinds.map(({ apiVersion, kind }) => ({ apiVersion, kind, current: "true" })),
    );
}

type Entry = Record<string, string | undefined>;

function addEntries(document: YamlDocument, key: string, entries: readonly Entry[]): TextEdit[] | undefined {
    const spec = specOf(document);
    const pair = pairOf(spec, key);
    if (pair) {
        const list = blockListOf(pair);
        const last = list?.items.at(-1) as Node | undefined;
        const dash = dashOf((list?.srcToken as CST.BlockSequence | undefined)?.items.at(-1));
        if (!list || !last?.range || dash === undefined) return undefined;
        return [insertLines(document, last.range[1], entryLines(entries, " ".repeat(columnOf(document, dash))))];
    }
    const before = pairOf(spec, "wait") ?? spec?.items.at(-1);
    const end = (before?.value as Node | null | undefined)?.range?.[1];
    const keyStart = (before?.key as Node | undefined)?.range?.[0];
    if (!spec || spec.flow || end === undefined || keyStart === undefined) return undefined;
    const indent = " ".repeat(columnOf(document, keyStart));
    const lines = entryLines(entries, indent + (indentsLists(document, spec) ? "  " : ""));
    return [insertLines(document, end, [`${indent}${key}:`, ...lines])];
}

function specOf(document: YamlDocument): YAMLMap | undefined {
    const node = at(document.root, "spec")?.at.node;
    return isMap(node) && !node.flow ? node : undefined;
}

function pairOf(map: YAMLMap | undefined, key: string): Pair | undefined {
    return (map?.items as Pair[] | undefined)?.find(pair => isScalar(pair.key) && pair.key.value === key);
}

/** A list with a dash and lines of its own for each entry, that nothing else refers to. */
function blockListOf(pair: Pair): YAMLSeq | undefined {
    const list = pair.value;
    return isSeq(list) && !list.flow && !list.anchor && list.items.length > 0 ? list : undefined;
}

type SequenceItem = CST.BlockSequence["items"][number];

function dashOf(item: SequenceItem | undefined): number | undefined {
    return item?.start.find(token => token.type === "seq-item-ind")?.offset;
}

/** Whole lines from `start`, the first thing on its line, to the line that holds `contentEnd`. */
function dropLines(document: YamlDocument, start: number, contentEnd: number, token: unknown): TextEdit | undefined {
    const { text } = document.file;
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const indent = text.slice(lineStart, start);
    if (start < 0 || indent.trim() !== "") return undefined;
    const end = lineEnd(text, contentEnd);
    const tokens = sourceTokens(token).filter(({ offset }) => offset >= start && offset < end);
    const anchors = tokens.filter(({ type }) => type === "anchor").map(({ source }) => source.slice(1));
    if (anchors.some(anchor => isUsedOutside(document, anchor, start, end))) return undefined;
    const comments = tokens.filter(({ type }) => type === "comment");
    return { start: lineStart, end, text: comments.map(({ source }) => `${indent}${source}${eol(text)}`).join("") };
}

/** Whether an alias outside of a piece of text stands for an anchor in it. */
function isUsedOutside({ syntax }: YamlDocument, anchor: string, start: number, end: number): boolean {
    let isUsed = false;
    visit(syntax, {
        Alias: (_, { source, range }) => {
            const position = range?.[0] ?? -1;
            if (source === anchor && (position < start || position >= end)) isUsed = true;
        },
    });
    return isUsed;
}

function insertLines(document: YamlDocument, contentEnd: number, lines: readonly string[]): TextEdit {
    const { text } = document.file;
    const position = lineEnd(text, contentEnd);
    const isAtLineStart = position === 0 || text[position - 1] === "\n";
    const newline = eol(text);
    const inserted = isAtLineStart ? lines.map(line => line + newline) : lines.map(line => newline + line);
    return { start: position, end: position, text: inserted.join("") };
}

function entryLines(entries: readonly Entry[], indent: string): string[] {
    return entries.flatMap(entry =>
        Object.entries(entry)
            .filter(([, value]) => value !== undefined)
            .map(
                ([key, value], position) =>
                    `${indent}${position === 0 ? "- " : "  "}${key}: ${stringify(value).trim()}`,
            ),
    );
}

/** Offset after the line break that ends the line of `offset`; content that ends with its line is already there. */
function lineEnd(text: string, offset: number): number {
    if (offset > 0 && text[offset - 1] === "\n") return offset;
    const next = text.indexOf("\n", offset);
    return next < 0 ? text.length : next + 1;
}

function eol(text: string): string {
    return text.includes("\r\n") ? "\r\n" : "\n";
}

function columnOf({ file: { text } }: YamlDocument, offset: number): number {
    return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

/** Whether the author indents lists below their key; if there is none to see, as Flux's own documentation does. */
function indentsLists(document: YamlDocument, spec: YAMLMap): boolean {
    for (const pair of spec.items as Pair[]) {
        const list = blockListOf(pair);
        const dash = dashOf((list?.srcToken as CST.BlockSequence | undefined)?.items[0]);
        const key = (pair.key as Node).range?.[0];
        if (dash !== undefined && key !== undefined) return columnOf(document, dash) > columnOf(document, key);
    }
    return true;
}

/** Every token of the source below a token of the syntax tree. */
function sourceTokens(token: unknown): CST.SourceToken[] {
    if (Array.isArray(token)) return token.flatMap(sourceTokens);
    if (typeof token !== "object" || token === null) return [];
    const own = "source" in token && "type" in token && "offset" in token ? [token as CST.SourceToken] : [];
    return [...own, ...Object.values(token).flatMap(sourceTokens)];
}

function together(edits: (TextEdit | undefined)[]): TextEdit[] | undefined {
    return edits.every(edit => edit !== undefined) ? edits : undefined;
}

/** The text with all edits made; they must not overlap. */
export function edited(text: string, edits: readonly TextEdit[]): string {
    return [...edits]
        .sort((a, b) => b.start - a.start)
        .reduce((result, { start, end, text }) => result.slice(0, start) + text + result.slice(end), text);
}
