import type { Comparison } from "../../../network/evidence/change.ts";
import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import { changeInWords, pValueInWords } from "../changeInWords.ts";
import { type Html, html } from "./html.ts";

const SIGN = { worse: "▼ worse", better: "▲ better", different: "◆ different" } as const;

/** What changed between the runs, worst first. */
export function changesSection({ changes, tests, confidence, notes }: Comparison): Html {
    const rows = (["worse", "better", "different"] as const).flatMap(judgement =>
        changes
            .filter(change => change.judgement === judgement)
            .map(change => {
                const { where, what, before, after } = changeInWords(change);
                return html`<tr><td class="${judgement}">${SIGN[judgement]}</td><th scope="row">${where}</th><td>${what}</td><td>${before}</td><td>${after}</td><td class="number">${pValueInWords(change)}</td></tr>`;
            }),
    );
    const certainty = `${tests} tests, adjusted together: with ${Math.round(confidence * 100)} % confidence none of them calls equal things different.`;
    return html`<section aria-labelledby="changes">
        <h2 id="changes">What changed</h2>
        ${
            rows.length === 0
                ? html`<p>No difference shows.</p>`
                : html`<details><summary>${rows.length} differences</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="Differences"><table class="plain">
            <thead><tr><th></th><th>Where</th><th>What</th><th>Before</th><th>After</th><th class="number">p</th></tr></thead>
            <tbody>${rows}</tbody>
        </table></div></details>`
        }
        <p class="fine">${certainty}</p>
        ${notes.map(note => html`<p class="fine">${note}</p>`)}
    </section>`;
}

/** What the verdict rests on, and what the hosts said of themselves. */
export function evidenceSection({ verdict, reports }: EvidenceFile): Html {
    return html`<section aria-labelledby="evidence">
        <h2 id="evidence">What the verdict rests on</h2>
        <details><summary>${verdict.evidence.length} statements</summary>
        <ul class="statements">${verdict.evidence.map(({ vantagePoint, statement, samples }) => html`<li><b>${vantagePoint}</b> ${statement}${samples.length > 0 && html` <span class="fine">(connections ${samples.join(", ")})</span>`}</li>`)}</ul>
        </details>
        <details><summary>What the hosts say of their network</summary>
        <div class="scroll" tabindex="0" role="region" aria-label="Hosts"><table class="plain">
            <thead><tr><th>Host</th><th>Role</th><th>Verdict of the test</th><th>Link MTUs</th><th>MSS clamp met</th><th>Rules that drop ICMP</th></tr></thead>
            <tbody>${reports.map(hostRow)}</tbody>
        </table></div></details>
    </section>`;
}

function hostRow({ vantagePoint, role, stability, facts }: EvidenceFile["reports"][number]): Html {
    const links = facts.links.filter(({ name, up }) => up && name !== "lo").map(({ name, mtu }) => `${name} ${mtu}`);
    const clamps = facts.clampCounters.map(({ chain, packets }) => `${chain} ${packets} packets`);
    const drops = facts.icmpDropRules.map(({ table, chain }) => `${table} ${chain}`);
    const cells = [links, clamps, drops].map(list => html`<td>${list.join(", ") || "–"}</td>`);
    return html`<tr><th scope="row">${vantagePoint}</th><td>${role}</td><td>${stability}</td>${cells}</tr>`;
}
