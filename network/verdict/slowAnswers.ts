import { percentile } from "../statistics.ts";
import type { Report } from "./observation.ts";

/** Median from which an answer is slow, in milliseconds, when other endpoints are this many times faster. */
const SLOW_MS = 1000;
const TIMES_FASTER = 4;

/**
 * Endpoints that answer every vantage point, and late. The network has no fault, since others answer fast over it and handshakes with
 * the slow one are fast too; so this is worth knowing and no fault.
 */
export function slowAnswers(reports: Report[]): string[] {
    const medians = reports.flatMap(({ endpoints }) =>
        endpoints.flatMap(({ endpoint, latency }) => (latency ? [{ endpoint, median: latency.median }] : [])),
    );
    return [...new Set(medians.map(({ endpoint }) => endpoint))].flatMap(endpoint => {
        const own = medians.filter(one => one.endpoint === endpoint).map(({ median }) => median);
        const others = medians.filter(one => one.endpoint !== endpoint).map(({ median }) => median);
        if (others.length === 0) return [];
        const [fastest, usual] = [Math.min(...own), percentile(others, 0.5)];
        if (fastest < SLOW_MS || fastest < usual * TIMES_FASTER) return [];
        return [
            `${endpoint} answers every vantage point, and slowly: ${Math.round(fastest)} ms where others take ${Math.round(usual)} ms. The network is not the cause: ask the operator of ${endpoint}.`,
        ];
    });
}
