import type { Stability } from "../probe/plan.ts";
import { isSurelyBelow } from "../statistics.ts";
import type { Observation, Report } from "./observation.ts";
import { isShut, placesOf } from "./places.ts";

/** What a network is held to: the rate that counts as stable, and how sure a judgement must be. */
export type Threshold = Pick<Stability, "stableRate" | "confidence">;

/**
 * Whether failures are so rare that they are no fault. Every vantage point has passed its sequential test, every pull
 * succeeded, nothing failed always, and neither all attempts together nor those at one endpoint show a rate that is
 * surely below the stable one: trouble that is spread over vantage points, or gathered at one endpoint, hides from the
 * test of each vantage point.
 */
export function isSteady({ reports, trouble }: Observation, { stableRate, confidence }: Threshold): boolean {
    const spots = spotsOf(reports);
    const all = { failures: sum(spots.map(spot => spot.failures)), attempts: sum(spots.map(spot => spot.attempts)) };
    // Of many endpoints one has bad luck more often than one alone.
    const ofOne = 1 - (1 - confidence) / Math.max(1, spots.length);
    return (
        reports.length > 0 &&
        reports.every(({ stability, complete }) => stability === "stable" && complete) &&
        !trouble.some(group => group.trouble === "pull" || group.count === group.attempts) &&
        !reports.flatMap(placesOf).some(place => isShut(place) && place.attempts > 1) &&
        !isSurelyBelow(stableRate, all, confidence) &&
        !spots.some(spot => isSurelyBelow(stableRate, spot, ofOne))
    );
}

/**
 * Attempts at each endpoint over all vantage points, and how many failed or were held up by seconds on the way. A server
 * that is slow at times is left to the sequential tests: it holds up a handshake now and then, and no path does.
 */
function spotsOf(reports: Report[]): { failures: number; attempts: number }[] {
    const results = Map.groupBy(
        reports.flatMap(({ endpoints }) => endpoints),
        ({ endpoint }) => endpoint,
    );
    return [...results.values()].map(here => ({
        attempts: sum(here.map(({ attempts }) => attempts)),
        failures: sum(
            here.map(({ attempts, succeeded, slowDns, synRepeated = 0 }) =>
                Math.min(attempts, attempts - succeeded + slowDns + synRepeated),
            ),
        ),
    }));
}

function sum(values: number[]): number {
    return values.reduce((all, value) => all + value, 0);
}
