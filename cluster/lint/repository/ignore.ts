/** Whether a path, relative to the directory of the patterns and with `/` between its parts, is left out. */
export type Ignores = (path: string) => boolean;

/**
 * Patterns as in `.gitignore`, which Flux's `.sourceignore` shares (https://git-scm.com/docs/gitignore): the last one that
 * matches a path, or a directory above it, decides. Text that is no pattern matches nothing.
 */
export function ignorePatterns(lines: readonly string[]): Ignores {
    const patterns = lines.flatMap(line => parsePattern(line) ?? []);
    return path => {
        let isIgnored = false;
        for (const { matches, isNegated } of patterns) {
            if (isIgnored === isNegated && matches(path)) isIgnored = !isNegated;
        }
        return isIgnored;
    };
}

function parsePattern(line: string): { matches(path: string): boolean; isNegated: boolean } | undefined {
    const written = line.replace(/\s+$/, "");
    if (written === "" || written.startsWith("#")) return undefined;
    const isNegated = written.startsWith("!");
    const pattern = isNegated ? written.slice(1) : written.replace(/^\\(?=[#!])/, "");
    const body = pattern.replace(/^\.?\/|\/$/g, "");
    if (body === "") return undefined;
    const above = pattern.slice(0, -1).includes("/") ? "" : "(?:.*/)?";
    // What is below a directory that matches is left out with it.
    const below = pattern.endsWith("/") ? "/.*" : "(?:/.*)?";
    const expression = new RegExp(`^${above}${expressionOf(body)}${below}$`, "s");
    return { isNegated, matches: path => expression.test(path) };
}

function expressionOf(body: string): string {
    return body.replace(/\*\*\/|\/\*\*$|\*+|\?|\[!?[^\]/]+\]|\\.|./gs, part => {
        if (part === "**/") return "(?:[^/]+/)*";
        if (part === "/**") return "/.*";
        if (part.startsWith("*")) return "[^/]*";
        if (part === "?") return "[^/]";
        if (part.length > 2 && part.startsWith("[")) return classOf(part.slice(1, -1));
        return part.replace(/^\\(?=.)/, "").replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    });
}

/** The inside of `[a-z]` or `[!a-z]`. A range that runs backwards, which no expression takes, matches nothing. */
function classOf(inside: string): string {
    const [isNegated, characters] = inside.startsWith("!") ? [true, inside.slice(1)] : [false, inside];
    const written = `[${isNegated ? "^/" : ""}${characters.replace(/[\\[\]^]/g, "\\$&")}]`;
    try {
        new RegExp(written);
        return written;
    } catch {
        return "(?!)";
    }
}
