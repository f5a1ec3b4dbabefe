import type { EvidenceFile } from "../../../network/evidence/evidenceFile.ts";
import type { Rate } from "../../../network/evidence/significance.ts";
import type { Sample } from "../../../network/probe/report.ts";
import { isGood } from "../../../network/probe/reportOf.ts";

/** One run on a page: alone, or the earlier or later of two. */
export interface Run {
    name: "before" | "after" | "run";
    evidence: EvidenceFile;
}

/** The runs of a page in their order. */
export function runsOf(evidence: EvidenceFile, before?: EvidenceFile): Run[] {
    if (before === undefined) return [{ name: "run", evidence }];
    return [
        { name: "before", evidence: before },
        { name: "after", evidence },
    ];
}

/** Vantage points of all runs, each once, in the order of the last. */
export function vantagePointsOf(runs: readonly Run[]): string[] {
    return namesOf(runs, ({ reports, unprobed }) => [...reports, ...unprobed].map(({ vantagePoint }) => vantagePoint));
}

/** Names that a run has, each once, those of the last run first. */
export function namesOf(runs: readonly Run[], names: (evidence: EvidenceFile) => string[]): string[] {
    return [...new Set(runs.toReversed().flatMap(({ evidence }) => names(evidence)))];
}

/** Connections that came through without the seconds it takes to get around a fault. */
export function connectionRate(evidence: EvidenceFile, samples: readonly Sample[]): Rate {
    const succeeded = samples.filter(sample => isGood(sample, evidence.plan.stability)).length;
    return { succeeded, attempts: samples.length };
}

/** All connections of all vantage points. */
export function wholeConnectionRate(evidence: EvidenceFile): Rate {
    return connectionRate(
        evidence,
        evidence.reports.flatMap(({ samples }) => samples),
    );
}

/** All image pulls of all vantage points. */
export function wholePullRate({ reports }: EvidenceFile): Rate {
    const pulls = reports.flatMap(report => report.pulls);
    return {
        succeeded: pulls.reduce((sum, pull) => sum + pull.succeeded, 0),
        attempts: pulls.reduce((sum, pull) => sum + pull.attempts, 0),
    };
}
