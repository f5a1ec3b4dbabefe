import type { VantageSummary } from "./report.ts";

/**
 * Whether a vantage point's egress works: the run came to its end, nothing failed often enough to be unstable, no
 * handshake found its way only after seconds, every endpoint answered at least once, and every image came.
 */
export function passed(report: Pick<VantageSummary, "complete" | "stability" | "endpoints" | "pulls">): boolean {
    const failed = report.endpoints.some(({ attempts, succeeded }) => succeeded < attempts);
    return (
        report.complete &&
        (report.stability === "stable" || (report.stability === "inconclusive" && !failed)) &&
        report.endpoints.every(({ attempts, succeeded, slow }) => slow === 0 && (attempts === 0 || succeeded > 0)) &&
        report.pulls.every(({ attempts, succeeded }) => succeeded === attempts)
    );
}
