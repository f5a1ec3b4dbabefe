import type { FailureKind, Sample, VantageSummary } from "../probe/report.ts";
import type { Action, Cause, Direction, Evidence, IcmpFilteredAt, Scope } from "./verdict.ts";

/** One vantage point's report, with its single connections where they are at hand. */
export type Report = VantageSummary & { samples?: Sample[] };

/**
 * What went wrong in an attempt: its failure, or that it succeeded only after seconds. `late` came about after its SYN
 * was sent again.
 */
export type Trouble = FailureKind | "slow" | "slow-dns" | "late" | "pull";

/** Attempts of one vantage point at one endpoint that went wrong alike. */
export interface TroubleGroup {
    vantagePoint: string;
    /** Host name, or image for pulls. */
    endpoint: string;
    trouble: Trouble;
    count: number;
    attempts: number;
}

/** Something that is wrong, and which of the trouble it explains. */
export interface Finding {
    cause: Cause;
    direction: Direction | null;
    scope: Scope;
    icmpFilteredAt: IcmpFilteredAt;
    explains: TroubleGroup[];
    /** Whether measurements or facts show it, so that it is a fault even where no connection has suffered yet. */
    isMeasured: boolean;
    /** How sure this is, 0 to 1, apart from how much it explains. */
    confidence: number;
    summary: string;
    evidence: Evidence[];
    actions: Action[];
}

/** What all vantage points saw, arranged for the questions that findings ask. */
export interface Observation {
    reports: Report[];
    trouble: TroubleGroup[];
}

const MOST_SAMPLES = 10;

export function observe(reports: Report[]): Observation {
    return { reports, trouble: reports.flatMap(troubleOf) };
}

function troubleOf({ vantagePoint, endpoints, pulls }: Report): TroubleGroup[] {
    const ofEndpoints = endpoints.flatMap(({ endpoint, attempts, failures, slow, slowDns, synRepeated: late }) =>
        Object.entries({ ...failures, slow, "slow-dns": slowDns, late }).map(([trouble, count]) => ({
            vantagePoint,
            endpoint,
            trouble: trouble as Trouble,
            count: count ?? 0,
            attempts,
        })),
    );
    const ofPulls = pulls.map(({ image, attempts, succeeded }) => ({
        vantagePoint,
        endpoint: image,
        trouble: "pull" as const,
        count: attempts - succeeded,
        attempts,
    }));
    return [...ofEndpoints, ...ofPulls].filter(({ count }) => count > 0);
}

/** Host, endpoint and share of attempts in one sentence's worth, with the samples that show it. */
export function evidenceOf(observation: Observation, groups: TroubleGroup[]): Evidence[] {
    return vantagePointsOf(groups).map(vantagePoint => {
        const here = groups.filter(group => group.vantagePoint === vantagePoint);
        const report = observation.reports.find(candidate => candidate.vantagePoint === vantagePoint);
        const statement = here
            .map(({ endpoint, trouble, count, attempts }) => `${endpoint}: ${trouble} in ${count} of ${attempts}`)
            .join("; ");
        const samples = (report?.samples ?? [])
            .filter(({ endpoint, failure }) =>
                here.some(group => group.endpoint === endpoint && group.trouble === failure),
            )
            .map(({ id }) => id)
            .slice(0, MOST_SAMPLES);
        return { vantagePoint, statement, samples };
    });
}

export function vantagePointsOf(groups: TroubleGroup[]): string[] {
    return [...new Set(groups.map(({ vantagePoint }) => vantagePoint))];
}

/** Whether it was the name that did not resolve, or not in time. */
export function isUnresolved(trouble: Trouble): boolean {
    return trouble === "dns" || trouble === "slow-dns";
}

export function countOf(groups: TroubleGroup[]): number {
    return groups.reduce((sum, { count }) => sum + count, 0);
}
