import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, Scalar } from "yaml";

/** Keys and indices that lead to a value of the file. */
export type FilePath = readonly (string | number)[];

/** A place in the file, both counted from 1. */
export interface Position {
    line: number;
    column: number;
}

/** A value of the file: text as it is spelt there, except for the one field that is a boolean. */
export type FileValue = string | boolean | FileValue[] | { [key: string]: FileValue };

/** What a YAML text holds, and what in it cannot be read. */
export interface YamlReading {
    /** Undefined for an empty file, and for one that could not be read. */
    value: FileValue | undefined;
    problems: readonly { path: FilePath; position: Position; message: string }[];
    /** Place of a key or list item; of the nearest thing around it when it is not in the file. */
    positionOf(path: FilePath): Position;
}

/** Aliases that one file may use. More is a mistake, such as an anchor inside itself, or an attack. */
const MOST_ALIASES = 100;

/** Plain words that K3s's reader (gopkg.in/yaml.v2, which is YAML 1.1) takes for null, true and false. */
const NULLS = ["", "~", "null", "Null", "NULL"];
const TRUES = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSES = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];

const BOOLEAN_FIELD = "insecure_skip_verify";

/**
 * Reads YAML as K3s's reader puts it into its structures: a scalar is text whatever it looks like, a null entry of
 * mirrors and configs is an empty map, and a null elsewhere is nothing. What readers of YAML 1.1 and 1.2 understand
 * differently is a problem, as are duplicate keys, tags, merge keys and null keys.
 */
export function readYaml(text: string): YamlReading {
    const lines = new LineCounter();
    const document = parseDocument(text, {
        schema: "failsafe",
        uniqueKeys: false,
        lineCounter: lines,
        prettyErrors: false,
    });
    const offsets = new Map<string, number>();
    const positionAt = (offset: number): Position => {
        const { line, col } = lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col) };
    };
    const positionOf = (path: FilePath): Position => {
        for (let length = path.length; length > 0; length--) {
            const offset = offsets.get(JSON.stringify(path.slice(0, length)));
            if (offset !== undefined) return positionAt(offset);
        }
        return { line: 1, column: 1 };
    };
    if (document.errors.length > 0) {
        const problems = document.errors.map(({ code, message, pos }) => {
            return { path: [], position: positionAt(pos[0]), message: syntaxSentence(code, message) };
        });
        return { value: undefined, problems, positionOf };
    }
    const { value, problems } = readDocument(document, (path, offset) => offsets.set(JSON.stringify(path), offset));
    if (problems.length === 0) return { value, problems: [], positionOf };
    return {
        value: undefined,
        problems: problems.map(problem => ({ ...problem, position: positionOf(problem.path) })),
        positionOf,
    };
}

/** Turns the document into a value; `note` is told where each key and list item stands. */
function readDocument(
    document: ReturnType<typeof parseDocument>,
    note: (path: FilePath, offset: number) => void,
): { value: FileValue | undefined; problems: { path: FilePath; message: string }[] } {
    const problems: { path: FilePath; message: string }[] = [];
    let aliases = 0;
    const refuse = (path: FilePath, message: string): undefined => {
        problems.push({ path, message });
        return undefined;
    };

    const read = (node: unknown, path: FilePath, inFlow: boolean): FileValue | undefined => {
        if (isAlias(node)) {
            if (++aliases > MOST_ALIASES)
                return refuse(path.slice(0, 2), "too many aliases are used; write the values out");
            const target = node.resolve(document as Document);
            return target ? read(target, path, inFlow) : refuse(path, `there is no anchor &${node.source}`);
        }
        if (isNode(node) && node.tag && !/^tag:yaml.org,2002:(str|map|seq)$/.test(node.tag)) {
            return refuse(path, `it has the tag ${node.tag}; leave it out`);
        }
        if (isMap(node)) {
            const entries = node.items
                .map(({ key, value }) => readEntry(key, value, path, inFlow || !!node.flow))
                .filter(entry => entry !== undefined);
            const names = entries.map(([name]) => name);
            const twice = names.find((name, index) => names.indexOf(name) < index);
            return twice === undefined ? Object.fromEntries(entries) : refuse([...path, twice], STANDS_TWICE);
        }
        if (isSeq(node)) {
            return node.items.map((item, index) => {
                const here = [...path, index];
                if (isNode(item) && item.range) note(here, item.range[0]);
                return read(item, here, inFlow || !!node.flow) ?? "";
            });
        }
        if (!isScalar(node)) return undefined;
        return needsQuotes(node, inFlow) ? refuse(path, NEEDS_QUOTES) : readScalar(node, path);
    };
    const readEntry = (
        key: unknown,
        value: unknown,
        path: FilePath,
        inFlow: boolean,
    ): [string, FileValue] | undefined => {
        if (!isScalar(key)) return refuse(path, "a key is a list, a map or an alias; write it as text");
        const here = [...path, String(key.value)];
        if (key.range) note(here, key.range[0]);
        if (isNull(key)) return refuse(here, "a key is missing");
        // In quotes it is a name like any other.
        if (key.value === "<<" && key.type === "PLAIN")
            return refuse(here, "merge keys (<<) are not read; write the keys out");
        if (needsQuotes(key, inFlow)) return refuse(here, NEEDS_QUOTES);
        const entry = read(value, here, inFlow) ?? valueOfNull(here);
        return entry === undefined ? undefined : [String(key.value), entry];
    };
    return { value: read(document.contents, [], false), problems };
}

const STANDS_TWICE = "the same key stands here twice; K3s takes the last, so remove one";
const NEEDS_QUOTES = "this text must be in quotes: readers of YAML disagree about its : or ?";

/** YAML 1.1 has no plain text that begins with : or ?, and in a flow collection none with ? in it. */
function needsQuotes(scalar: Scalar, inFlow: boolean): boolean {
    return scalar.type === Scalar.PLAIN && (inFlow ? /^:|\?/ : /^[:?]/).test(String(scalar.value));
}

function readScalar(scalar: Scalar, path: FilePath): FileValue | undefined {
    if (isNull(scalar)) return undefined;
    const text = String(scalar.value);
    if (path.at(-1) !== BOOLEAN_FIELD || scalar.type !== Scalar.PLAIN) return text;
    if (TRUES.includes(text)) return true;
    return FALSES.includes(text) ? false : text;
}

function isNull(scalar: Scalar): boolean {
    return scalar.type === Scalar.PLAIN && scalar.tag === undefined && NULLS.includes(String(scalar.value));
}

/** `docker.io:` with nothing after it is a mirror or configuration without settings, a rewrite to nothing is "". */
function valueOfNull(path: FilePath): FileValue | undefined {
    if (path.length === 2) return {};
    return path.length === 4 && path[2] === "rewrite" ? "" : undefined;
}

function syntaxSentence(code: string, message: string): string {
    if (code === "MULTIPLE_DOCS") return "a second document begins here; K3s reads only the first, so remove it";
    return `${message[0]!.toLowerCase()}${message.slice(1)}`;
}
