import * as Plot from "@observablehq/plot";
import { failedPhase, PHASES } from "../../../network/evidence/phase.ts";
import { FAILURE_IN_WORDS, PHASE_IN_WORDS } from "../../../network/evidence/words.ts";
import type { FailureKind } from "../../../network/probe/report.ts";
import { isGood } from "../../../network/probe/reportOf.ts";
import { chart } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { namesOf, type Run, vantagePointsOf } from "./runs.ts";

/** Bars over the longest run. */
const BARS = { narrow: 30, wide: 60 };

/** How a connection can end, as the chart colours it. The chart draws the last one on top. */
const FATES = ["came through", "slow", ...PHASES] as const;
type Fate = (typeof FATES)[number];

const FATE_IN_WORDS: Record<Fate, string> = {
    "came through": "came through",
    slow: "got through late",
    dns: `${PHASE_IN_WORDS.dns} failed`,
    connect: `${PHASE_IN_WORDS.connect} failed`,
    tls: `${PHASE_IN_WORDS.tls} failed`,
    answer: "No proper answer",
};

interface Outcome {
    vantagePoint: string;
    at: number;
    fate: Fate;
}

/** When connections failed, and in which phase: a bar for every second or so, and a table of the kinds of failure. */
export function failuresSection(runs: readonly Run[]): Html {
    const ofRuns = runs.map(run => ({ run, outcomes: outcomesOf(run) }));
    const all = ofRuns.flatMap(({ outcomes }) => outcomes);
    if (all.length === 0) return html``;
    const seen = FATES.filter(fate => all.some(outcome => outcome.fate === fate));
    const end = Math.max(...all.map(({ at }) => at)) + 0.001;
    return html`<section aria-labelledby="failures">
        <h2 id="failures">Failures over time</h2>
        <p class="lead">Connections by the second they were started in; the number above a bar is how many of them failed or were late.</p>
        <ul class="legend">${seen.map(fate => html`<li><i class="swatch fate-${fate.replace(" ", "-")}"></i>${FATE_IN_WORDS[fate]}</li>`)}</ul>
        ${ofRuns.map(({ run, outcomes }) => runFigure(run, outcomes, end))}
        ${kindsTable(runs)}
    </section>`;
}

function outcomesOf({ evidence }: Run): Outcome[] {
    return evidence.reports.flatMap(({ vantagePoint, samples }) =>
        samples.map(sample => {
            const isLate = !isGood(sample, evidence.plan.stability);
            const fate = failedPhase(sample) ?? (isLate ? "slow" : "came through");
            return { vantagePoint, at: sample.at, fate };
        }),
    );
}

function isTrouble({ fate }: Outcome): boolean {
    return fate !== "came through";
}

function runFigure({ name, evidence }: Run, outcomes: Outcome[], end: number): Html {
    const failed = outcomes.filter(isTrouble).length;
    const title = name === "run" ? "" : `${name === "before" ? "Before" : "After"}: `;
    const summary = `${title}${failed} of ${outcomes.length} connections failed or were late.`;
    const names = evidence.reports.map(({ vantagePoint }) => vantagePoint);
    return html`<figure>
        <figcaption>${summary}</figcaption>
        ${chart(summary, width => failuresChart(outcomes, names, end, BARS[width]))}
    </figure>`;
}

function failuresChart(outcomes: Outcome[], names: string[], end: number, bars: number): Plot.PlotOptions {
    const seconds = Math.max(1, Math.ceil(end / bars));
    const thresholds = Array.from({ length: Math.ceil(end / seconds) + 1 }, (_, index) => index * seconds);
    const domain: [number, number] = [0, thresholds.at(-1)!];
    return {
        height: names.length * 62 + 44,
        marginLeft: 8,
        marginRight: 12,
        marginTop: 20,
        marginBottom: 36,
        x: { label: "seconds since the start", domain },
        y: { axis: null },
        fy: { domain: names, label: null, axis: null, padding: 0.35 },
        marks: [
            Plot.text(names, {
                fy: name => name,
                text: name => name,
                frameAnchor: "top-left",
                dy: -14,
                fontWeight: 600,
            }),
            Plot.rectY(
                outcomes,
                Plot.binX<Plot.RectYOptions>(
                    { y: "count" },
                    {
                        x: { value: "at", thresholds, domain },
                        fy: "vantagePoint",
                        fill: (outcome: Outcome) => `var(--fate-${outcome.fate.replace(" ", "-")})`,
                        order: FATES.map(fate => `var(--fate-${fate.replace(" ", "-")})`),
                        insetLeft: 0.5,
                        insetRight: 0.5,
                    },
                ),
            ),
            Plot.text(
                outcomes,
                Plot.binX<Plot.TextOptions>(
                    { y: "count", text: (of: Outcome[]) => of.filter(isTrouble).length || "" },
                    { x: { value: "at", thresholds, domain }, fy: "vantagePoint", dy: -6, fontSize: 11 },
                ),
            ),
            Plot.ruleY([0], { stroke: "var(--line)" }),
        ],
    };
}

function kindsTable(runs: readonly Run[]): Html {
    const counts = (run: Run, vantagePoint: string, kind: FailureKind) =>
        run.evidence.reports
            .find(report => report.vantagePoint === vantagePoint)
            ?.samples.filter(({ failure }) => failure === kind).length ?? 0;
    const kinds = namesOf(runs, ({ reports }) =>
        reports.flatMap(({ samples }) => samples.flatMap(({ failure }) => failure ?? [])),
    ) as FailureKind[];
    if (kinds.length === 0) return html``;
    const vantagePoints = vantagePointsOf(runs);
    const cell = (kind: FailureKind, vantagePoint: string) =>
        html`<td class="number">${runs.map(run => counts(run, vantagePoint, kind)).join(" → ")}</td>`;
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Kinds of failure"><table class="plain">
        <caption>Kinds of failure${runs.length > 1 && ", before → after"}</caption>
        <thead><tr><th></th>${vantagePoints.map(name => html`<th class="number">${name}</th>`)}</tr></thead>
        <tbody>${kinds.map(kind => html`<tr><th scope="row">${FAILURE_IN_WORDS[kind]}</th>${vantagePoints.map(name => cell(kind, name))}</tr>`)}</tbody>
    </table></div>`;
}
