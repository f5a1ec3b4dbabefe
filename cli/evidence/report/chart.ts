import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Html, html } from "./html.ts";

/** Widths that a chart is drawn in, in CSS pixels: text would become too small if a wide one were shrunk to a phone. */
const WIDTHS = { narrow: 312, wide: 820 } as const;
export type ChartWidth = keyof typeof WIDTHS;

/** What a chart shows, as Observable Plot takes it. */
export type ChartOptions = Omit<Plot.PlotOptions, "document" | "width" | "title" | "caption">;

/**
 * A chart as inline SVG, once for phones and once for wide screens; the page's style shows one. `summary` says in a
 * sentence what it shows, for those who do not see it.
 */
export function chart(summary: string, options: (width: ChartWidth) => ChartOptions): Html {
    return html`${drawn(summary, "narrow", options)}${drawn(summary, "wide", options)}`;
}

function drawn(summary: string, width: ChartWidth, options: (width: ChartWidth) => ChartOptions): Html {
    const { document } = parseHTML("<html></html>");
    const style = { fontSize: "12px", background: "none" };
    const svg = Plot.plot({ style, ...options(width), document, width: WIDTHS[width] });
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", summary);
    svg.setAttribute("class", `${svg.getAttribute("class") ?? ""} chart ${width}`.trim());
    return new Html(svg.outerHTML);
}
