import * as Plot from "@observablehq/plot";
import { mtuInWords } from "../../../network/evidence/words.ts";
import { FAMILY_NAMES, IP_FAMILIES } from "../../../network/family.ts";
import type { MeasuredMtu } from "../../../network/probe/report.ts";
import { chart } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { type Run, vantagePointsOf } from "./runs.ts";

interface Measured {
    run: Run["name"];
    vantagePoint: string;
    path: string;
    mtu: MeasuredMtu;
}

/** Flows of one direction that carry packets of the same size. */
interface Flows extends Omit<Measured, "mtu"> {
    bytes: number;
    count: number;
    isLimit: boolean;
}

/** What each path carries: the flows walked by the size they let through, and the same as a table. */
export function pathMtuSection(runs: readonly Run[]): Html {
    const measured = runs.flatMap(measuredIn);
    if (measured.length === 0) return html``;
    const flows = measured.flatMap(flowsOf);
    const holes = measured.filter(({ mtu }) => mtu.silent).length;
    const summary = `Path MTU of ${measured.length} directions, ${holes} of them with larger packets vanishing. The table below has the values.`;
    return html`<section aria-labelledby="mtu">
        <h2 id="mtu">What each path carries</h2>
        <p class="lead">Largest packet that passed, in bytes, and on how many of the flows walked. A filled dot is a measured limit of the path, a ring is all that could be tried.</p>
        ${runs.length > 1 && html`<ul class="legend">${runs.map(({ name }) => html`<li><i class="swatch run-${name}"></i>${name}</li>`)}</ul>`}
        <figure>${chart(summary, width => pathMtuChart(flows, runs, width === "wide"))}</figure>
        <details>
            <summary>Path MTU in words</summary>
            ${pathMtuTable(runs, measured)}
        </details>
    </section>`;
}

function measuredIn({ name, evidence }: Run): Measured[] {
    return evidence.reports.flatMap(({ vantagePoint, pathMtu }) =>
        IP_FAMILIES.flatMap(family =>
            (["download", "upload"] as const).flatMap(direction => {
                const mtu = pathMtu[family]?.[direction];
                if (!mtu) return [];
                return [{ run: name, vantagePoint, path: `${FAMILY_NAMES[family]} ${direction}`, mtu }];
            }),
        ),
    );
}

function flowsOf({ mtu, ...where }: Measured): Flows[] {
    const sizes = Map.groupBy(mtu.paths.length > 0 ? mtu.paths : [mtu.bytes], bytes => bytes);
    return [...sizes].map(([bytes, same]) => ({
        ...where,
        bytes,
        count: same.length,
        isLimit: mtu.bound === "exact" && bytes === mtu.bytes,
    }));
}

function pathMtuChart(flows: Flows[], runs: readonly Run[], isWide: boolean): Plot.PlotOptions {
    const vantagePoints = vantagePointsOf(runs).filter(name => flows.some(({ vantagePoint }) => vantagePoint === name));
    const rows = [...new Set(flows.map(({ path }) => path))].flatMap(path => runs.map(({ name }) => `${path} ${name}`));
    const sizes = flows.map(({ bytes }) => bytes);
    const [smallest, largest] = [Math.min(...sizes, 1400), Math.max(...sizes, 1500)];
    const middle = (smallest + largest) / 2;
    const isAlone = runs.length === 1;
    const place = { x: "bytes", y: ({ path, run }: Flows) => `${path} ${run}`, fy: "vantagePoint" } as const;
    const colour = ({ run }: Flows) => `var(--${run})`;
    return {
        height: vantagePoints.length * (rows.length * (isAlone ? 24 : 19) + 34) + 44,
        marginLeft: 104,
        marginRight: 34,
        marginTop: 22,
        marginBottom: 36,
        x: {
            label: "bytes",
            grid: true,
            domain: [smallest - 15, largest + 5],
            ticks: isWide ? 8 : 3,
            tickFormat: (bytes: number) => `${bytes}`,
        },
        y: {
            domain: rows,
            label: null,
            tickSize: 0,
            tickFormat: (row: string) => (isAlone || row.endsWith(" before") ? row.replace(/ \w+$/, "") : ""),
        },
        fy: { domain: vantagePoints, label: null, axis: null, padding: 0.22 },
        marks: [
            Plot.text(vantagePoints, {
                fy: name => name,
                text: name => name,
                frameAnchor: "top-left",
                dy: -15,
                dx: -98,
                fontWeight: 600,
            }),
            Plot.dot(
                flows.filter(({ isLimit }) => isLimit),
                { ...place, r: 4.5, fill: colour, stroke: colour },
            ),
            Plot.dot(
                flows.filter(({ isLimit }) => !isLimit),
                {
                    ...place,
                    r: 4.5,
                    fill: "var(--surface)",
                    stroke: colour,
                    strokeWidth: 2,
                },
            ),
            ...(["start", "end"] as const).map(anchor =>
                Plot.text(
                    flows.filter(({ bytes }) => bytes > middle === (anchor === "end")),
                    {
                        ...place,
                        text: ({ bytes, count }: Flows) => `${bytes} ×${count}`,
                        textAnchor: anchor,
                        dx: anchor === "end" ? -9 : 9,
                        fontSize: 11,
                    },
                ),
            ),
        ],
    };
}

function pathMtuTable(runs: readonly Run[], measured: Measured[]): Html {
    const rows = vantagePointsOf(runs).flatMap(vantagePoint => {
        const here = measured.filter(one => one.vantagePoint === vantagePoint);
        return [...new Set(here.map(({ path }) => path))].map(path => {
            const words = (run: Run) => {
                const found = here.find(one => one.run === run.name && one.path === path);
                return found ? mtuInWords(found.mtu) : "not measured";
            };
            return html`<tr><th scope="row">${vantagePoint}</th><td>${path}</td>${runs.map(run => html`<td>${words(run)}</td>`)}</tr>`;
        });
    });
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Path MTU in words"><table class="plain">
        <thead><tr><th>From</th><th>Path</th>${runs.map(({ name }) => html`<th>${name === "run" ? "Carries" : name}</th>`)}</tr></thead>
        <tbody>${rows}</tbody>
    </table></div>`;
}
