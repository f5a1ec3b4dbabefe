import type { IpFamily } from "../family.ts";
import type { FailureKind, Place } from "../probe/report.ts";
import type { Report } from "./observation.ts";

/** A host in one IP version, as one vantage point met it. */
export interface CalledPlace {
    vantagePoint: string;
    host: string;
    family: IpFamily | null;
    /** Endpoints whose requests led here. */
    endpoints: string[];
    attempts: number;
    /** Attempts that met no connection at all. */
    unconnected: number;
    /** Those of them that got no answer at all. */
    unanswered: number;
}

const UNCONNECTED: readonly FailureKind[] = ["connect-timeout", "refused", "unreachable", "reset", "local"];
/** From this share of attempts on, a place is shut; below, something gets lost on the way to it. */
const SHUT = 0.9;

/** Every host and IP version that a vantage point called. Names that were not resolved called nobody. */
export function placesOf({ vantagePoint, endpoints }: Report): CalledPlace[] {
    const called = endpoints.flatMap(({ endpoint, attempts, failures, byPlace }) =>
        (byPlace ?? [{ host: endpoint, family: null, attempts, failures } satisfies Place])
            .filter(place => byPlace === undefined || place.family !== null)
            .map(place => ({ endpoint, ...place })),
    );
    return [...Map.groupBy(called, ({ host, family }) => `${host} ${family}`).values()].map(here => ({
        vantagePoint,
        host: here[0]!.host,
        family: here[0]!.family,
        endpoints: [...new Set(here.map(({ endpoint }) => endpoint))],
        attempts: here.reduce((sum, { attempts }) => sum + attempts, 0),
        unconnected: here.reduce((sum, { failures }) => sum + unconnectedIn(failures), 0),
        unanswered: here.reduce((sum, { failures }) => sum + (failures["connect-timeout"] ?? 0), 0),
    }));
}

export function isShut({ attempts, unconnected }: CalledPlace): boolean {
    return attempts > 0 && unconnected >= attempts * SHUT;
}

function unconnectedIn(failures: Place["failures"]): number {
    return UNCONNECTED.reduce((sum, kind) => sum + (failures[kind] ?? 0), 0);
}

export function isUnconnected(trouble: string): boolean {
    return UNCONNECTED.includes(trouble as FailureKind);
}
