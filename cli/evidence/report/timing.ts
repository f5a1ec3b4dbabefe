import * as Plot from "@observablehq/plot";
import { timesOf } from "../../../network/evidence/compareLatency.ts";
import { PHASES, type Phase, phaseMs } from "../../../network/evidence/phase.ts";
import { PHASE_IN_WORDS } from "../../../network/evidence/words.ts";
import type { Sample } from "../../../network/probe/report.ts";
import { chart } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { type Run, vantagePointsOf } from "./runs.ts";

/** Lines drawn for one phase of one run; more would lie on each other. */
const MOST_LINES = 240;
/** The logarithmic axis has no zero: cached names resolve in less. */
const SHORTEST_MS = 0.1;

interface Time {
    run: string;
    phase: string;
    ms: number;
}

/** How long each phase took: a line for every connection, the median marked, and a table by vantage point. */
export function timingSection(runs: readonly Run[]): Html {
    const groups = runs.flatMap(({ name, evidence }) =>
        PHASES.flatMap(phase => {
            const times = sortedTimes(
                evidence.reports.flatMap(({ samples }) => samples),
                phase,
            );
            return times.length === 0 ? [] : [{ run: name, phase: PHASE_IN_WORDS[phase], times }];
        }),
    );
    if (groups.length === 0) return html``;
    const medians = groups.map(({ run, phase, times }) => ({ run, phase, ms: times[Math.floor(times.length / 2)]! }));
    const lines = groups.flatMap(({ times, ...group }) => thinned(times).map(ms => ({ ...group, ms })));
    const summary = medians.map(
        ({ run, phase, ms }) => `${phase}${run === "run" ? "" : ` ${run}`}: median ${inMs(ms)}`,
    );
    return html`<section aria-labelledby="timing">
        <h2 id="timing">How long it took</h2>
        <p class="lead">Each line is one connection that got through the phase; the bold mark is the median.</p>
        <figure>${chart(`Times of each phase. ${summary.join("; ")}.`, width => timingChart(lines, medians, runs, width === "wide"))}</figure>
        <details>
            <summary>Times by vantage point</summary>
            ${timingTable(runs)}
        </details>
    </section>`;
}

function timingChart(lines: Time[], medians: Time[], runs: readonly Run[], isWide: boolean): Plot.PlotOptions {
    const names = runs.map(({ name }) => name);
    const phases = PHASES.map(phase => PHASE_IN_WORDS[phase]).filter(phase =>
        medians.some(time => time.phase === phase),
    );
    const place = { x: "ms", y: "run", fy: "phase" } as const;
    const colour = (time: Time) => `var(--${time.run})`;
    const isAlone = names.length === 1;
    return {
        height: phases.length * (names.length * 26 + 26) + 44,
        marginLeft: isAlone ? 8 : 50,
        marginRight: 24,
        marginTop: 22,
        marginBottom: 36,
        x: {
            type: "log",
            label: "milliseconds",
            grid: true,
            tickFormat: (ms: number) => `${ms}`,
            ticks: isWide ? 6 : 4,
        },
        y: { domain: names, label: null, axis: isAlone ? null : "left", tickSize: 0 },
        fy: { domain: phases, label: null, padding: 0.3, axis: null },
        marks: [
            Plot.text(phases, {
                fy: phase => phase,
                text: phase => phase,
                frameAnchor: "top-left",
                dy: -15,
                dx: isAlone ? 0 : -46,
                fontWeight: 600,
            }),
            Plot.tickX(lines, { ...place, stroke: colour, strokeOpacity: 0.35, insetTop: 4, insetBottom: 4 }),
            Plot.tickX(medians, { ...place, stroke: colour, strokeWidth: 4 }),
            Plot.text(medians, {
                ...place,
                text: ({ ms }: Time) => inMs(ms),
                textAnchor: "start",
                dx: 6,
                fontWeight: 600,
                fill: "currentColor",
                stroke: "var(--surface)",
                strokeWidth: 5,
            }),
        ],
    };
}

function sortedTimes(samples: Sample[], phase: Phase): number[] {
    const times = samples.map(sample => phaseMs(sample, phase)).filter(ms => ms !== undefined);
    return times.map(ms => Math.max(ms, SHORTEST_MS)).sort((a, b) => a - b);
}

function thinned(sorted: number[]): number[] {
    if (sorted.length <= MOST_LINES) return sorted;
    return Array.from({ length: MOST_LINES }, (_, index) => {
        return sorted[Math.round((index * (sorted.length - 1)) / (MOST_LINES - 1))]!;
    });
}

function inMs(ms: number): string {
    return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

function timingTable(runs: readonly Run[]): Html {
    const rows = vantagePointsOf(runs).flatMap(vantagePoint =>
        PHASES.flatMap(phase =>
            runs.flatMap(({ name, evidence }) => {
                const report = evidence.reports.find(one => one.vantagePoint === vantagePoint);
                const samples = report?.samples.filter(sample => phaseMs(sample, phase) !== undefined) ?? [];
                if (samples.length === 0) return [];
                const { median, p95, p99, count } = timesOf(samples, phase);
                return [
                    html`<tr><th scope="row">${vantagePoint}</th><td>${PHASE_IN_WORDS[phase]}</td>${runs.length > 1 && html`<td>${name}</td>`}<td class="number">${inMs(median)}</td><td class="number">${inMs(p95)}</td><td class="number">${inMs(p99)}</td><td class="number">${count}</td></tr>`,
                ];
            }),
        ),
    );
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Times by vantage point"><table class="plain">
        <thead><tr><th>From</th><th>Phase</th>${runs.length > 1 && html`<th>Run</th>`}<th class="number">Median</th><th class="number">p95</th><th class="number">p99</th><th class="number">Connections</th></tr></thead>
        <tbody>${rows}</tbody>
    </table></div>`;
}
