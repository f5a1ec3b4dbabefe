import { compareEvidence } from "../../../network/evidence/compare.ts";
import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import { minuteOf } from "../../../network/evidence/words.ts";
import { changesSection, evidenceSection } from "./details.ts";
import { htmlDocument } from "./document.ts";
import { failuresSection } from "./failures.ts";
import { heatMapSection } from "./heatMap.ts";
import { html } from "./html.ts";
import { pathMtuSection } from "./pathMtu.ts";
import { runsOf } from "./runs.ts";
import { timingSection } from "./timing.ts";
import { verdictSection } from "./verdict.ts";

/** A run as one HTML page that needs nothing else; with `before`, against an earlier run. */
export function reportPage(evidence: EvidenceFile, before?: EvidenceFile): string {
    const runs = runsOf(evidence, before);
    const comparison = before ? compareEvidence(before, evidence) : null;
    return htmlDocument({
        title: `Clearpath: ${evidence.verdict.cause}, ${minuteOf(evidence.startedAt)}`,
        header: html`<p><b>Clearpath</b> egress report</p><p>${runs.map(({ name, evidence: one }, index) => [index > 0 && html`, `, name !== "run" && `${name} `, html`<time datetime="${one.startedAt}">${minuteOf(one.startedAt)}</time>`])}</p>`,
        main: html`${verdictSection(runs, comparison)}
${heatMapSection(runs)}
${timingSection(runs)}
${failuresSection(runs)}
${pathMtuSection(runs)}
${comparison && changesSection(comparison)}
${evidenceSection(evidence)}`,
        footer: html`<p>${evidence.reports.length} vantage points, ${evidence.plan.rounds} rounds to ${evidence.plan.endpoints.length} endpoints. Times are by the runner's clock, in UTC. Written by clearpath ${evidence.tool.version}.</p>`,
    });
}
