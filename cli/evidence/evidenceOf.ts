import { EVIDENCE_FORMAT, EVIDENCE_VERSION, EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { withoutSecrets } from "../../network/evidence/withoutSecrets.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import { secretsOf } from "../../provider/host/secretsOf.ts";
import type { ProbeAllResult } from "../../provider/probe/probeAll.ts";
import { version } from "../../provider/version.ts";

/** What a run was, beside what it found. */
export interface Run {
    plan: ProbePlan;
    startedAt: Date;
    endedAt: Date;
    notes?: string[];
    /** Connections of its hosts: the secrets in them appear nowhere in the evidence. */
    connections?: unknown[];
    /** Other secrets that the run knew. */
    secrets?: string[];
}

/** What a run found, as its evidence file has it: with every connection, and without secrets. */
export function evidenceOf(
    found: ProbeAllResult,
    { plan, startedAt, endedAt, notes = [], connections = [], secrets = [] }: Run,
): EvidenceFile {
    const evidence: EvidenceFile = {
        format: EVIDENCE_FORMAT,
        version: EVIDENCE_VERSION,
        tool: { name: "clearpath", version },
        startedAt: startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
        plan,
        reports: found.reports,
        unprobed: found.unprobed,
        verdict: found.verdict,
        notes,
    };
    return withoutSecrets(EvidenceFile.parse(evidence), [...connections.flatMap(secretsOf), ...secrets]);
}
