import type { Remark, RuleName, Severity, Subject } from "../finding.ts";
import type { FilePath } from "../place.ts";

/** Inside of a TOML basic string (TOML 1.0): K3s puts rewrites between quotes as they are. */
const TOML_TEXT = /^(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\(?:[btnfr"\\]|u[0-9A-Fa-f]{4}))*$/;

/** What Go's regexp (RE2) does not have, though JavaScript reads it: lookaround and back references. */
const NOT_IN_GO = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</;

/** A rewrite as containerd reads it from hosts.toml. */
interface Rewrite {
    path: FilePath;
    pattern: string;
    replacement: string;
    /** The pattern, and nothing after it that would count a group. */
    expression: RegExp;
}

/** Rules about the text of rewrites. */
export function rewriteRemarks({ registries }: Subject): Remark[] {
    return Object.entries(registries.mirrors ?? {}).flatMap(([name, mirror]) => {
        const remarks: Remark[] = [];
        const readable: Rewrite[] = [];
        for (const [written, replacement] of Object.entries(mirror.rewrite ?? {})) {
            const path = ["mirrors", name, "rewrite", written];
            const read = readRewrite(path, written, replacement);
            if ("rule" in read) remarks.push(read);
            else readable.push(read);
        }
        return [
            ...remarks,
            ...readable.flatMap(rewrite => [...matchRemarks(name, rewrite), ...replacementRemarks(rewrite)]),
            ...overlapRemarks(readable),
        ];
    });
}

function remark(rule: RuleName, severity: Severity, path: FilePath, message: string): Remark {
    return { rule, severity, path, message };
}

function readRewrite(path: FilePath, written: string, replacement: string): Rewrite | Remark {
    const unquotable = [written, replacement].find(text => !TOML_TEXT.test(text));
    if (unquotable !== undefined) {
        const message =
            `K3s writes "${unquotable}" into hosts.toml without escaping it, which makes the file unreadable ` +
            "and the whole mirror void. Use [.] for a dot and no quotes or backslashes.";
        return remark("rewrite-quoting", "error", path, message);
    }
    const pattern = unquoted(written);
    try {
        if (NOT_IN_GO.test(pattern)) throw new Error("they have no lookaround and no back references");
        return { path, pattern, replacement: unquoted(replacement), expression: expressionOf(pattern) };
    } catch (error) {
        const reason = (error as Error).message.replace(/^Invalid regular expression: /, "");
        const message = `The pattern is not one of Go's regular expressions: ${reason}. The rewrite is passed over. Correct it.`;
        return remark("rewrite-pattern", "error", path, message);
    }
}

/** What TOML makes of a text between quotes. */
function unquoted(text: string): string {
    return JSON.parse(`"${text.replaceAll("\t", "\\t")}"`) as string;
}

/** Go has named groups (?P<name>…) and flags (?i) and (?i:…), which JavaScript does not know. */
function expressionOf(pattern: string): RegExp {
    const [, flags = ""] = /^\(\?([imsU]+)\)/.exec(pattern) ?? [];
    const source = pattern
        .replaceAll("(?P<", "(?<")
        .replace(/\(\?[imsU-]+([:)])/g, (_, end) => (end === ":" ? "(?:" : ""));
    return new RegExp(source, `g${[...flags].filter(flag => "ims".includes(flag)).join("")}`);
}

function matchRemarks(mirror: string, { path, pattern }: Rewrite): Remark[] {
    // Colons of (?:…), (?i:…) and [[:alpha:]] belong to the pattern's own signs.
    const text = pattern.replace(/\(\?[imsU-]*:|\[:\w+:\]/g, "");
    if (/[:@]/.test(text.replace(/\[[^\]]*\]/g, ""))) {
        const message =
            "A rewrite sees an image's name without registry, tag and digest, and this pattern asks for one of them, so it matches nothing. Leave out what begins with : or @.";
        return [remark("rewrite-never", "error", path, message)];
    }
    const literal = pattern.replace(/^\^/, "").replace(/\\\.|\[\.\]/g, ".");
    if (mirror !== "*" && literal.startsWith(`${mirror}/`)) {
        const message = `A rewrite sees an image's name without its registry, so this pattern matches nothing. Leave out ${mirror}/.`;
        return [remark("rewrite-never", "error", path, message)];
    }
    return [];
}

/** Rules about `$1` and the like, which Go reads as the longest name of letters, digits and underscores. */
function replacementRemarks({ path, pattern, replacement, expression }: Rewrite): Remark[] {
    const remarks: Remark[] = [];
    const groups = new RegExp(`${expression.source}|`).exec("")!;
    const names = new Set([...Array(groups.length).keys()].map(String).concat(Object.keys(groups.groups ?? {})));
    for (const [whole, braced, bare] of replacement.matchAll(/\$\$|\$\{(\w+)\}|\$(\w+)/g)) {
        const group = braced ?? bare;
        if (group === undefined || names.has(group) || names.has(group.replace(/^0+(?=\d)/, ""))) continue;
        const [, number, rest] = /^(\d+)(\D\w*)$/.exec(bare ?? "") ?? [];
        if (number !== undefined && rest !== undefined) {
            const message = `Go reads ${whole} as the group named ${group}, which does not exist, so that part becomes empty. Write \${${number}}${rest}.`;
            remarks.push(remark("rewrite-group", "error", path, message));
        } else {
            const message = `The pattern ${pattern} has no group for ${whole}, so that part becomes empty. Put ( ) around what it stands for.`;
            remarks.push(remark("rewrite-group", "warning", path, message));
        }
    }
    const text = replacement.replace(/\$\$|\$\{\w+\}|\$\w+/g, "");
    if (/[^a-z0-9._/-]|^\/|\/\//.test(text)) {
        const message =
            "The result is no repository's name: that has lower-case letters, digits and . _ - / only, begins with a letter or digit, and has no registry and tag. Correct the replacement.";
        remarks.push(remark("rewrite-result", "error", path, message));
    }
    return remarks;
}

/** Repositories that patterns are tried on, besides those made of the patterns themselves. */
const REPOSITORIES = ["library/alpine", "rancher/mirrored-pause", "grafana/grafana", "a/b/c", "pause"];

/** Longest name that patterns are tried on. */
const LONGEST_EXAMPLE = 100;

/** containerd keeps rewrites without an order and uses the first that changes the name. */
function overlapRemarks(all: readonly Rewrite[]): Remark[] {
    const rewrites = all.filter(({ pattern }) => isQuick(pattern));
    const examples = [...REPOSITORIES, ...rewrites.flatMap(({ pattern }) => examplesOf(pattern))].filter(
        name => name.length <= LONGEST_EXAMPLE,
    );
    return rewrites.flatMap((rewrite, index) => {
        for (const other of rewrites.slice(0, index)) {
            const both = examples.find(name => {
                const results = [rewrite, other].map(one => rewritten(one, name));
                return results.every(result => result !== name) && results[0] !== results[1];
            });
            if (both === undefined) continue;
            const message = `"${both}" matches this pattern and ${other.pattern} too, and chance decides which of them is used. Make them exclude each other.`;
            return [remark("rewrite-overlap", "warning", rewrite.path, message)];
        }
        return [];
    });
}

/** Whether JavaScript, which unlike Go may try for ever, is done with a pattern soon. */
function isQuick(pattern: string): boolean {
    return !/\)[*+{]|\{\d/.test(pattern) && (pattern.match(/[*+]/g)?.length ?? 0) <= 4;
}

/** Go's ReplaceAllString, which leaves out an empty match right behind another match. */
function rewritten({ expression, replacement }: Rewrite, name: string): string {
    let end = -1;
    return name.replace(expression, (match: string, ...rest: unknown[]) => {
        const named = typeof rest.at(-1) === "object" ? (rest.pop() as Record<string, string>) : {};
        const offset = rest.at(-2) as number;
        if (match === "" && offset === end) return "";
        end = offset + match.length;
        const groups = [match, ...rest.slice(0, -2)] as (string | undefined)[];
        return replacement.replace(/\$\$|\$\{(\w+)\}|\$(\w+)/g, (_, braced?: string, bare?: string) => {
            const group = braced ?? bare;
            if (group === undefined) return "$";
            return (/^\d+$/.test(group) ? groups[Number(group)] : named[group]) ?? "";
        });
    });
}

/** Names that a pattern is likely to match: its text, with something simple for its signs. */
function examplesOf(pattern: string): string[] {
    return ["a", "a/b"].map(part =>
        pattern
            .replace(/\(\?(?:P?<\w+>|[imsU-]*:?)/g, "(")
            .replace(/\\\.|\[\.\]/g, ".")
            .replace(/\[[^\]]*\][+*?]?/g, "a")
            .replace(/\.[+*]\??|\\\w[+*]?/g, part)
            .replace(/\|[^|()]*/g, "")
            .replace(/[\^$()?*+]/g, ""),
    );
}
