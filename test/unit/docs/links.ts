import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** A link of a Markdown page to a file of the repository or to a heading. */
export interface Link {
    line: number;
    /** As the page writes it: `../how-to/cache.md#limits`. */
    target: string;
}

/** Links of a page that stay in the repository. Blocks and spans of code hold none. */
export function linksOf(markdown: string): Link[] {
    return linesOutsideCode(markdown).flatMap(({ line, text }) =>
        [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"/g)]
            .map(([, inText, inTag]) => ({ line, target: (inText ?? inTag)! }))
            .filter(({ target }) => !/^[a-z]+:/.test(target)),
    );
}

/** Anchors that GitHub gives to the headings of a page. */
export function anchorsOf(markdown: string): Set<string> {
    const anchors = new Set<string>();
    for (const { text } of linesOutsideCode(markdown)) {
        const heading = /^#{1,6} +(.+?) *$/.exec(text)?.[1];
        if (heading === undefined) continue;
        const anchor = anchorOf(heading);
        let unique = anchor;
        for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
        anchors.add(unique);
    }
    return anchors;
}

/** GitHub keeps letters, digits, hyphens and underscores, in lower case, and turns each space into a hyphen. */
function anchorOf(heading: string): string {
    return heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, "")
        .replaceAll(" ", "-");
}

function linesOutsideCode(markdown: string): { line: number; text: string }[] {
    let inCode = false;
    return markdown.split("\n").flatMap((text, index) => {
        const isFence = /^\s*```/.test(text);
        const outside = !inCode && !isFence;
        if (isFence) inCode = !inCode;
        return outside ? [{ line: index + 1, text }] : [];
    });
}

/** A sentence for each link of a page that leads nowhere. `page` is a path from `root`. */
export function brokenLinks(root: string, page: string): string[] {
    const markdown = readFileSync(join(root, page), "utf8");
    return linksOf(markdown).flatMap(({ line, target }) => {
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? page : relative(root, join(root, dirname(page), decodeURI(path)));
        if (!existsSync(join(root, file))) return [`${page}:${line}: there is no file ${file}.`];
        if (anchor === undefined || !file.endsWith(".md")) return [];
        if (anchorsOf(readFileSync(join(root, file), "utf8")).has(anchor)) return [];
        return [`${page}:${line}: ${file} has no heading with the anchor #${anchor}.`];
    });
}
