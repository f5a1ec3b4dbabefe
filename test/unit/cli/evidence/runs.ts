import { evidenceOf } from "../../../../cli/evidence/evidenceOf.ts";
import { readEvidence } from "../../../../cli/evidence/file.ts";
import type { EvidenceFile } from "../../../../network/evidence/evidenceFile.ts";
import { ProbePlan } from "../../../../network/probe/plan.ts";
import type { Sample, VantageReport } from "../../../../network/probe/report.ts";
import { ENDPOINTS, gateway, judged } from "../../network/verdict/reports.ts";

/** A recorded run of the lab's scenario black-hole-ecmp, before and after the fix: see fixtures/record.ts. */
export function recorded(when: "before" | "after"): Promise<EvidenceFile> {
    return readEvidence(recordedPath(when));
}

export function recordedPath(when: "before" | "after"): string {
    return `${import.meta.dirname}/fixtures/black-hole-ecmp.${when}.json.gz`;
}

/** A run with the given reports, judged as a probe would; a healthy gateway when left out. */
export function runWith(reports: VantageReport[] = [gateway()], changes: Partial<EvidenceFile> = {}): EvidenceFile {
    const plan = ProbePlan.parse({ endpoints: ENDPOINTS.map(host => ({ host })) });
    const found = { reports, unprobed: [], verdict: judged(reports) };
    const [startedAt, endedAt] = [new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T00:00:09Z")];
    return { ...evidenceOf(found, { plan, startedAt, endedAt }), ...changes };
}

/** Connections to an endpoint, of which the first `failed` end in a TLS timeout and the others take `tlsMs`. */
export function connections(
    endpoint: string,
    count: number,
    failed = 0,
    tlsMs: (index: number) => number = () => 20,
): Sample[] {
    return Array.from({ length: count }, (_, index) => ({
        id: `${endpoint}-${index}`,
        endpoint,
        family: "ipv4" as const,
        hello: "small" as const,
        flow: "api" as const,
        at: index / 10,
        dnsMs: 5,
        connectMs: 10,
        totalMs: 100,
        ...(index < failed ? { failure: "tls-timeout" as const } : { tlsMs: tlsMs(index), firstByteMs: 30 }),
    }));
}
