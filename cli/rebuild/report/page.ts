import { minuteOf } from "../../../network/evidence/words.ts";
import { htmlDocument } from "../../evidence/report/document.ts";
import { type Html, html } from "../../evidence/report/html.ts";
import { ANSWER_IN_WORDS, type JudgedMitigation } from "../mitigations/judge.ts";
import type { Stage } from "../stage.ts";
import { isOver, outcomeOf, type RebuildState, type StageState, stageOf } from "../state.ts";
import { durationOf, headline, retriesOf, SIGN } from "./words.ts";

/** A rebuild as one HTML page: how far it came, which files each stage kept, and which workarounds can be removed. */
export function rebuildPage(
    state: RebuildState,
    stages: readonly Stage[],
    mitigations: readonly JudgedMitigation[] | undefined,
): string {
    const over = state.stages.every(isOver);
    const stopped = state.stages.find(stage => ["failed", "interrupted"].includes(outcomeOf(stage)));
    const mood = over ? "good" : stopped ? "bad" : "unsure";
    const last = stopped?.attempts.at(-1);
    return htmlDocument({
        title: `Clearpath: rebuild of ${state.stack}, ${minuteOf(state.startedAt)}`,
        header: html`<p><b>Clearpath</b> rebuild of ${state.stack}</p><p><time datetime="${state.startedAt}">${minuteOf(state.startedAt)}</time></p>`,
        main: html`<section class="verdict ${mood}" aria-label="Result">
    <p class="sign" aria-hidden="true">${mood === "good" ? "✓" : mood === "bad" ? "✕" : "…"}</p>
    <div><h1>${headline(state, stages)}</h1>${last && html`<p class="summary">${last.summary}</p>`}</div>
</section>
${last && last.notes.length > 0 && html`<section class="todo" aria-labelledby="diagnosis"><h2 id="diagnosis">Diagnosis</h2>${last.notes.map(paragraphs)}</section>`}
${stagesSection(state, stages)}
${listSection("retries", "What had to be tried more than once", retriesOf(state), "Nothing had to be tried twice. A retry that hid a fault would be listed here.")}
${mitigations && mitigationsSection(mitigations)}
${state.notes.length > 0 && listSection("notes", "Notes", state.notes, "")}`,
        footer: html`<p>Times are from the runner's clock, in UTC. The links lead to files beside this page.</p>`,
    });
}

function paragraphs(note: string): Html {
    return html`<p>${note.split("\n").map((line, index) => [index > 0 && html`<br>`, line])}</p>`;
}

function stagesSection(state: RebuildState, stages: readonly Stage[]): Html {
    return html`<section aria-labelledby="stages">
    <h2 id="stages">Stages</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Stages"><table class="plain">
        <thead><tr><th></th><th>Stage</th><th>Result</th><th>Files</th><th class="number">Took</th></tr></thead>
        <tbody>${stages.map(stage => stageRow(stage, stageOf(state, stage.name)))}</tbody>
    </table></div>
</section>`;
}

function stageRow({ title }: Stage, stage: StageState): Html {
    const outcome = outcomeOf(stage);
    const last = stage.attempts.at(-1);
    const look = outcome === "failed" || outcome === "interrupted" ? "worse" : outcome === "done" ? "better" : "";
    const warnings = outcome === "done" ? (last?.notes ?? []) : [];
    return html`<tr><td class="${look}">${SIGN[outcome]} ${outcome}</td><th scope="row">${title}</th><td>${last?.summary}${warnings.length > 0 && html`<details><summary>Notes</summary>${warnings.map(paragraphs)}</details>`}</td><td>${stage.kept.map(({ title, file }) => html`<a href="${encodeURI(file)}">${title}</a><br>`)}</td><td class="number">${durationOf(stage)}</td></tr>`;
}

function listSection(id: string, title: string, lines: readonly string[], none: string): Html {
    return html`<section class="notes" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${lines.length === 0 ? html`<p>${none}</p>` : html`<ul>${lines.map(line => html`<li>${line}</li>`)}</ul>`}
</section>`;
}

function mitigationsSection(judged: readonly JudgedMitigation[]): Html {
    const look = { "can-go": "better", keep: "worse", "not-shown": "different" } as const;
    return html`<section aria-labelledby="mitigations">
    <h2 id="mitigations">Which workarounds you can remove</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Workarounds"><table class="plain">
        <thead><tr><th></th><th>Workaround</th><th>What this rebuild shows</th></tr></thead>
        <tbody>${judged.map(({ title, answer, because }) => html`<tr><td class="${look[answer]}">${ANSWER_IN_WORDS[answer]}</td><th scope="row">${title}</th><td>${because}</td></tr>`)}</tbody>
    </table></div>
</section>`;
}
