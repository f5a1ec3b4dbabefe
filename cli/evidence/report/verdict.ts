import type { Comparison } from "../../../network/evidence/change.ts";
import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import type { Rate } from "../../../network/evidence/significance.ts";
import { CAUSE_IN_WORDS, DIRECTION_IN_WORDS, SCOPE_IN_WORDS } from "../../../network/evidence/words.ts";
import { FAMILY_NAMES, IP_FAMILIES } from "../../../network/family.ts";
import type { Verdict } from "../../../network/verdict/verdict.ts";
import { type Html, html } from "./html.ts";
import { type Run, wholeConnectionRate, wholePullRate } from "./runs.ts";

type Mood = "good" | "bad" | "unsure";

const SIGN: Record<Mood, string> = { good: "✓", bad: "✕", unsure: "?" };

/** The answer in ten seconds: what is wrong, where, and what to do; beside an earlier run, whether the fault is gone. */
export function verdictSection(runs: readonly Run[], comparison: Comparison | null): Html {
    const { evidence } = runs.at(-1)!;
    const { verdict } = evidence;
    const mood = moodOf(evidence);
    const former = runs.length > 1 ? runs[0]!.evidence.verdict : null;
    return html`<section class="verdict ${mood}" aria-label="Verdict">
        <p class="sign" aria-hidden="true">${SIGN[mood]}</p>
        <div>
            <h1>${headline(verdict, former)}</h1>
            <p class="summary">${verdict.summary}</p>
            ${former && html`<p class="was"><b>Before:</b> ${former.cause === "none" ? CAUSE_IN_WORDS.none : `${CAUSE_IN_WORDS[former.cause]}. ${former.summary}`}</p>`}
            ${verdict.cause !== "none" && facts(verdict)}
        </div>
    </section>
    ${whatToDo(verdict)}
    ${numbers(runs, comparison)}
    ${warnings(evidence)}`;
}

function moodOf({ verdict, unprobed }: EvidenceFile): Mood {
    if (verdict.cause === "none") return unprobed.length === 0 ? "good" : "unsure";
    return verdict.cause === "unknown" && verdict.scope === null ? "unsure" : "bad";
}

function headline(verdict: Verdict, former: Verdict | null): string {
    const now = CAUSE_IN_WORDS[verdict.cause];
    if (former === null || former.cause === verdict.cause)
        return former && verdict.cause !== "none" ? `Still: ${now}` : now;
    if (verdict.cause === "none") return "Fixed: the way out is clear";
    return former.cause === "none" ? `New fault: ${now}` : now;
}

function facts({ cause, direction, scope, icmpFilteredAt, confidence }: Verdict): Html {
    const rows = [
        ["Cause", cause],
        ["Hit", scope && SCOPE_IN_WORDS[scope]],
        ["Lost", direction && DIRECTION_IN_WORDS[direction]],
        [
            "ICMP dropped",
            icmpFilteredAt === "nowhere"
                ? null
                : icmpFilteredAt === "gateway"
                  ? "at the gateway"
                  : "beyond the gateway",
        ],
        ["Confidence", `${Math.floor(confidence * 100)} %`],
    ].filter((row): row is [string, string] => !!row[1]);
    return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function numbers(runs: readonly Run[], comparison: Comparison | null): Html {
    const evidences = runs.map(({ evidence }) => evidence);
    const pulls = evidences.map(wholePullRate);
    const paths = evidences.map(pathsMeasured);
    return html`<dl class="numbers">
        ${number("Connections that came through", evidences.map(wholeConnectionRate).map(rateText))}
        ${pulls.some(({ attempts }) => attempts > 0) && number("Images pulled", pulls.map(rateText))}
        ${paths.some(({ attempts }) => attempts > 0) && number("Paths that swallow large packets", paths.map(rateText))}
        ${runs.length === 1 && pathMtu(evidences[0]!.verdict)}
        ${comparison && html`<div><dt>Against before</dt><dd>${comparison.worse} worse</dd><dd class="former">${comparison.better} better</dd></div>`}
    </dl>`;
}

function pathMtu({ pathMtu: found }: Verdict): Html | null {
    const known = IP_FAMILIES.filter(family => found[family] !== null);
    if (known.length === 0) return null;
    if (found.ipv4 === found.ipv6) return number("Path MTU", [`${found.ipv4} bytes`]);
    return number("Path MTU in bytes", [known.map(family => `${found[family]} ${FAMILY_NAMES[family]}`).join(", ")]);
}

function rateText({ succeeded, attempts }: Rate): string {
    return attempts === 0 ? "none tried" : `${succeeded} of ${attempts}`;
}

/** Directions of paths in which larger packets vanish, out of those measured. */
function pathsMeasured({ reports }: EvidenceFile): Rate {
    const measured = reports
        .flatMap(({ pathMtu }) => IP_FAMILIES.flatMap(family => [pathMtu[family]?.download, pathMtu[family]?.upload]))
        .filter(mtu => !!mtu);
    return { succeeded: measured.filter(({ silent }) => silent).length, attempts: measured.length };
}

function number(label: string, values: string[]): Html {
    const [last, ...former] = values.toReversed();
    return html`<div><dt>${label}</dt><dd>${last}</dd>${former.map(value => html`<dd class="former">before ${value}</dd>`)}</div>`;
}

function whatToDo({ actions }: Verdict): Html {
    if (actions.length === 0) return html``;
    return html`<section class="todo" aria-labelledby="todo">
        <h2 id="todo">What to do</h2>
        <ol>${actions.map(({ sentence, component, argument, value }) => html`<li>${sentence}${component && html` <code>${component}${argument && `: ${argument}${value === null ? "" : ` = ${value}`}`}</code>`}</li>`)}</ol>
    </section>`;
}

function warnings({ unprobed, reports, notes, verdict }: EvidenceFile): Html {
    const lines = [
        ...unprobed.map(({ vantagePoint, reason }) => `${vantagePoint} was not probed. ${reason}`),
        ...reports
            .filter(({ complete }) => !complete)
            .map(
                ({ vantagePoint, incompleteReason }) =>
                    `${vantagePoint} was not probed to the end: ${incompleteReason}`,
            ),
        ...notes,
        ...verdict.alsoSeen.map(({ cause, summary }) => `Also seen (${cause}): ${summary}`),
        ...verdict.advisories,
        ...(verdict.ruledOut.length > 0 ? [`Ruled out: ${verdict.ruledOut.join(", ")}.`] : []),
    ];
    if (lines.length === 0) return html``;
    return html`<section class="notes" aria-labelledby="notes">
        <h2 id="notes">To know</h2>
        <ul>${lines.map(line => html`<li>${line}</li>`)}</ul>
    </section>`;
}
