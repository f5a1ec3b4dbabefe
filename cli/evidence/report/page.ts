import { readFileSync } from "node:fs";
import { compareEvidence } from "../../../network/evidence/compare.ts";
import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import { changesSection, evidenceSection } from "./details.ts";
import { failuresSection } from "./failures.ts";
import { heatMapSection } from "./heatMap.ts";
import { Html, html } from "./html.ts";
import { pathMtuSection } from "./pathMtu.ts";
import { runsOf } from "./runs.ts";
import { timingSection } from "./timing.ts";
import { verdictSection } from "./verdict.ts";

const STYLE = new Html(readFileSync(new URL("report.css", import.meta.url), "utf8"));

/** Nothing may be loaded and nothing may run: a page from an evidence file of someone else is only looked at. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** A run as one HTML page that needs nothing else; with `before`, against an earlier run. */
export function reportPage(evidence: EvidenceFile, before?: EvidenceFile): string {
    const runs = runsOf(evidence, before);
    const comparison = before ? compareEvidence(before, evidence) : null;
    const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Clearpath: ${evidence.verdict.cause}, ${when(evidence)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><p><b>Clearpath</b> egress report</p><p>${runs.map(({ name, evidence: one }, index) => [index > 0 && html`, `, name !== "run" && `${name} `, html`<time datetime="${one.startedAt}">${when(one)}</time>`])}</p></header>
<main>
${verdictSection(runs, comparison)}
${heatMapSection(runs)}
${timingSection(runs)}
${failuresSection(runs)}
${pathMtuSection(runs)}
${comparison && changesSection(comparison)}
${evidenceSection(evidence)}
</main>
<footer><p>${evidence.reports.length} vantage points, ${evidence.plan.rounds} rounds to ${evidence.plan.endpoints.length} endpoints. Times are by the runner's clock, in UTC. Written by clearpath ${evidence.tool.version}.</p></footer>
</body>
</html>
`;
    return page.text;
}

function when({ startedAt }: EvidenceFile): string {
    return `${startedAt.slice(0, 16).replace("T", " ")} UTC`;
}
