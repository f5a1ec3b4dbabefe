/** A line of interfaces(5) with its continuations joined. Lines are counted from 0. */
interface LogicalLine {
    first: number;
    last: number;
    text: string;
}

/** An option of a stanza, e.g. `mtu` with the value `9000`. */
export interface StanzaOption extends LogicalLine {
    name: string;
    value: string;
}

/** An `iface` stanza of interfaces(5). */
export interface Stanza {
    path: string;
    /** Line of `iface`, counted from 0. */
    line: number;
    /** Line after which a further option belongs, counted from 0. */
    last: number;
    name: string;
    /** `inet`, `inet6` or empty. */
    family: string;
    method: string;
    /** Name of the stanza whose options this one takes over. */
    inherits: string | undefined;
    options: StanzaOption[];
}

/** A place in a configuration file, as `path:line` with lines counted from 1. */
export function placeOf(path: string, { first }: { first: number }): string {
    return `${path}:${first + 1}`;
}

/** What interfaces(5) files say about who a stanza belongs to, beside the stanzas themselves. */
export interface Interfaces {
    stanzas: Stanza[];
    /** Lines that give a link the stanza of another name: `mapping`, and `auto` or `allow-…` with `link=stanza`. */
    renames: { path: string; first: number; pattern: string; text: string }[];
}

/** A word that begins something of its own, and so ends a stanza: interfaces(5) of ifupdown and of ifupdown2. */
const STARTS =
    /^(?:iface|mapping|auto|allow-\S+|source|source-directory|no-auto-down|no-scripts|rename|template|vlan)$/;

/** Reads files of interfaces(5), by path. */
export function readInterfaces(files: ReadonlyMap<string, string>): Interfaces {
    const read: Interfaces = { stanzas: [], renames: [] };
    for (const [path, text] of files) readFile(path, text, read);
    return read;
}

function readFile(path: string, text: string, { stanzas, renames }: Interfaces): void {
    let open: Stanza | undefined;
    for (const line of logicalLines(text)) {
        const words = line.text.trim().split(/\s+/);
        const [first = "", ...rest] = words;
        if (STARTS.test(first)) {
            open = undefined;
            if (first === "iface") {
                open = stanzaOf(path, line, rest);
                stanzas.push(open);
            }
            if (first === "mapping")
                for (const pattern of rest) renames.push({ path, first: line.first, pattern, text: line.text.trim() });
            if (first === "auto" || first.startsWith("allow-"))
                for (const word of rest) {
                    const [pattern = "", logical] = word.split("=");
                    if (logical !== undefined)
                        renames.push({ path, first: line.first, pattern, text: line.text.trim() });
                }
            continue;
        }
        if (open === undefined) continue;
        const value = line.text.trim().slice(first.length).trim();
        open.options.push({ ...line, name: first, value });
        open.last = line.last;
    }
}

function stanzaOf(path: string, { first, last }: LogicalLine, [name = "", ...words]: string[]): Stanza {
    const at = words.indexOf("inherits");
    const inherits = at === -1 ? undefined : words[at + 1];
    const [family = "", method = ""] = at === -1 ? words : words.slice(0, at);
    return { path, line: first, last, name, family, method, inherits, options: [] };
}

/** A line that begins with `#` is a comment; behind an option `#` belongs to the value. A backslash continues a line. */
function logicalLines(text: string): LogicalLine[] {
    const lines = text.split("\n");
    const found: LogicalLine[] = [];
    for (let first = 0; first < lines.length; first++) {
        if (/^\s*(?:#|$)/.test(lines[first]!)) continue;
        let last = first;
        let joined = lines[first]!;
        while (joined.endsWith("\\") && last + 1 < lines.length) {
            last++;
            joined = joined.slice(0, -1) + lines[last]!;
        }
        found.push({ first, last, text: joined });
        first = last;
    }
    return found;
}

/** Whether a pattern of interfaces(5), such as `eth*` or `/eth*` or `/eth*\/1`, names the link. */
export function matchesLink(pattern: string, link: string): boolean {
    const glob = pattern.replace(/^\/([^/]*).*$/, "$1");
    const expression = glob
        .replace(/[.+^${}()|\\[\]]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".");
    return new RegExp(`^${expression}$`).test(link);
}
