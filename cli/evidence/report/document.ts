import { readFileSync } from "node:fs";
import { Html, html } from "./html.ts";

const STYLE = new Html(readFileSync(new URL("report.css", import.meta.url), "utf8"));

/** Nothing may be loaded and nothing may run: a page from an evidence file of someone else is only looked at. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** What a page is made of. */
export interface DocumentParts {
    title: string;
    header: Html;
    main: Html;
    footer: Html;
}

/** One HTML page that needs nothing else. */
export function htmlDocument({ title, header, main, footer }: DocumentParts): string {
    return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>${header}</header>
<main>
${main}
</main>
<footer>${footer}</footer>
</body>
</html>
`.text;
}
