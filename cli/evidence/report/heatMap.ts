import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import type { Rate } from "../../../network/evidence/significance.ts";
import { FAILURE_IN_WORDS } from "../../../network/evidence/words.ts";
import type { FailureKind, VantageReport } from "../../../network/probe/report.ts";
import { Html, html } from "./html.ts";
import { connectionRate, namesOf, type Run, vantagePointsOf } from "./runs.ts";

/** What one run found at one place of the map. */
interface Place {
    rate: Rate;
    /** What went wrong, or how long it took. */
    remark: string;
}

/** Endpoint by vantage point, and image by vantage point: how much came through, as number and as colour. */
export function heatMapSection(runs: readonly Run[]): Html {
    const endpoints = namesOf(runs, ({ reports }) =>
        reports.flatMap(report => report.endpoints.map(one => one.endpoint)),
    );
    const images = namesOf(runs, ({ reports }) => reports.flatMap(report => report.pulls.map(({ image }) => image)));
    return html`<section aria-labelledby="map">
        <h2 id="map">Who reaches what</h2>
        ${heatMap("Connections that came through", endpoints, runs, endpointPlace)}
        ${images.length > 0 && heatMap("Image pulls that came through", images, runs, pullPlace)}
        ${pullErrors(runs.at(-1)!.evidence)}
    </section>`;
}

function pullErrors({ reports }: EvidenceFile): Html | null {
    const errors = reports.flatMap(({ vantagePoint, pulls }) =>
        pulls.flatMap(({ image, error }) => (error === null ? [] : [{ vantagePoint, image, error }])),
    );
    if (errors.length === 0) return null;
    return html`<details>
        <summary>What the pulls said</summary>
        <ul class="statements">${errors.map(({ vantagePoint, image, error }) => html`<li><b>${vantagePoint}</b> ${image}: <code>${error}</code></li>`)}</ul>
    </details>`;
}

/** With more vantage points than this, an endpoint is a group of cards, as on a phone. */
const MOST_COLUMNS = 5;

/** A name that may be broken where its parts end, and not in a version. */
function breakable(name: string): Html[] {
    return name.split(/(?<=\/)|(?=:)/).map((part, index) => html`${index > 0 && new Html("<wbr>")}${part}`);
}

type PlaceOf = (evidence: EvidenceFile, report: VantageReport, name: string) => Place | null;

/** The roles keep it a table for screen readers where the style lays its rows out as cards. */
function heatMap(caption: string, names: string[], runs: readonly Run[], placeOf: PlaceOf): Html {
    const vantagePoints = vantagePointsOf(runs);
    const row = (name: string) => html`<tr role="row">
        <th role="rowheader" scope="row">${breakable(name)}</th>
        ${vantagePoints.map(vantagePoint =>
            cell(
                vantagePoint,
                runs.map(run => found(run, vantagePoint, name, placeOf)),
            ),
        )}
    </tr>`;
    return html`<table role="table" class="heat${vantagePoints.length > MOST_COLUMNS && " cards"}">
        <caption>${caption}</caption>
        <thead role="rowgroup"><tr role="row"><th role="columnheader"></th>${vantagePoints.map(name => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
        <tbody role="rowgroup">${names.map(row)}</tbody>
    </table>`;
}

function found({ evidence }: Run, vantagePoint: string, name: string, placeOf: PlaceOf): Place | null {
    const report = evidence.reports.find(one => one.vantagePoint === vantagePoint);
    return report ? placeOf(evidence, report, name) : null;
}

/** The last run is the cell; an earlier one is its second line. */
function cell(vantagePoint: string, places: (Place | null)[]): Html {
    const last = places.at(-1);
    const former = places.length > 1 ? places[0] : null;
    const before =
        former && html`<span class="former heat-${heatOf(former.rate)}">before ${percent(former.rate)}</span>`;
    if (!last) {
        return html`<td role="cell" class="none"><span class="from">${vantagePoint}</span><b>–</b> <span>not tried</span>${before}</td>`;
    }
    return html`<td role="cell" class="heat-${heatOf(last.rate)}"><span class="from">${vantagePoint}</span><b>${percent(last.rate)}</b> <span>${last.rate.succeeded} of ${last.rate.attempts}</span>${last.remark && html`<span class="remark">${last.remark}</span>`}${before}</td>`;
}

function percent(rate: Rate): string {
    return `${Math.floor((100 * rate.succeeded) / rate.attempts)} %`;
}

/** From 0, all came through, to 4, none did. */
function heatOf({ succeeded, attempts }: Rate): number {
    const failed = 1 - succeeded / attempts;
    if (failed === 0) return 0;
    if (failed === 1) return 4;
    return failed < 0.05 ? 1 : failed < 0.34 ? 2 : 3;
}

function endpointPlace(evidence: EvidenceFile, report: VantageReport, name: string): Place | null {
    const result = report.endpoints.find(({ endpoint }) => endpoint === name);
    if (!result || result.attempts === 0) return null;
    const kinds = Object.entries(result.failures) as [FailureKind, number][];
    const late = result.slow + result.slowDns;
    const remarks = [
        ...kinds
            .toSorted(([, one], [, other]) => other - one)
            .map(([kind, count]) => `${count} ${FAILURE_IN_WORDS[kind]}`),
        ...(late > 0 ? [`${late} late`] : []),
    ];
    const rate = connectionRate(
        evidence,
        report.samples.filter(({ endpoint }) => endpoint === name),
    );
    const median = result.latency ? `${Math.round(result.latency.median)} ms` : "";
    return { rate, remark: remarks.length > 0 ? remarks.join(", ") : median };
}

function pullPlace(_: EvidenceFile, report: VantageReport, name: string): Place | null {
    const pull = report.pulls.find(({ image }) => image === name);
    if (!pull || pull.attempts === 0) return null;
    return { rate: pull, remark: pull.seconds === null ? "" : `${pull.seconds.toFixed(1)} s` };
}
