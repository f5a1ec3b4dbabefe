import type { FailureKind, Sample } from "../probe/report.ts";

/** The steps of a connection, in their order. `answer` is from the request to the end of what was asked for. */
export const PHASES = ["dns", "connect", "tls", "answer"] as const;
export type Phase = (typeof PHASES)[number];

const TIME_OF_PHASE = {
    dns: "dnsMs",
    connect: "connectMs",
    tls: "tlsMs",
    answer: "firstByteMs",
} as const satisfies Record<Phase, keyof Sample>;

/** How long a phase took, in milliseconds: for the answer, until its first byte. Undefined where it did not end. */
export function phaseMs(sample: Sample, phase: Phase): number | undefined {
    return sample[TIME_OF_PHASE[phase]];
}

/** Failures that name their phase; the others can come in any. */
const PHASE_OF_KIND: Partial<Record<FailureKind, Phase>> = {
    dns: "dns",
    refused: "connect",
    unreachable: "connect",
    "connect-timeout": "connect",
    "tls-timeout": "tls",
    "tls-alert": "tls",
    certificate: "tls",
    "first-byte-timeout": "answer",
    "body-timeout": "answer",
    reputation: "answer",
    "rate-limit": "answer",
    http: "answer",
};

/** The phase in which a connection failed: the one its failure names, else the first it has no time of. Null: it did not fail. */
export function failedPhase(sample: Sample): Phase | null {
    if (sample.failure === undefined) return null;
    return PHASE_OF_KIND[sample.failure] ?? PHASES.find(phase => phaseMs(sample, phase) === undefined) ?? "answer";
}
