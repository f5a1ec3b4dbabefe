import { isGood } from "../../../network/probe/reportOf.ts";
import { wilsonInterval } from "../../../network/statistics.ts";
import { type Judgement, keep, missingHosts, notShown, type Proof, reportsOfNewHosts } from "./mitigation.ts";

/** What came at the first try on the new nodes. */
export interface FirstTries {
    /** In words: `276 of 276 connections, 10 of 10 pulls`. */
    inWords: string;
    /** Longest time that one node took for all its images one after the other, in seconds; null without pulls. */
    slowestPullsSeconds: number | null;
}

/** Everything the new nodes tried, when all of it came at the first try and often enough to mean something; else why not. */
export function firstTries(proof: Proof): FirstTries | Judgement {
    const reports = reportsOfNewHosts(proof);
    const missing = missingHosts(proof);
    if (reports.length === 0 || missing.length > 0)
        return notShown(`Nothing was measured on ${missing.join(", ") || "a new node"}.`);

    const { stability } = proof.evidence.plan;
    const connections = reports.flatMap(({ samples }) => samples);
    const good = connections.filter(sample => isGood(sample, stability)).length;
    const pulls = reports.flatMap(report => report.pulls);
    const pulled = pulls.reduce((sum, { succeeded }) => sum + succeeded, 0);
    const tried = pulls.reduce((sum, { attempts }) => sum + attempts, 0);
    const inWords = `${good} of ${connections.length} connections and ${pulled} of ${tried} pulls from ${reports.length} new nodes came at the first try`;
    if (good < connections.length || pulled < tried) return keep(`Only ${inWords}: ${proof.evidence.verdict.summary}`);
    const undecided = reports.filter(report => report.stability !== "stable").map(({ vantagePoint }) => vantagePoint);
    if (undecided.length > 0) {
        const upTo = (100 * (1 - wilsonInterval(good, connections.length).low)).toFixed(1);
        return notShown(
            `${inWords}, which still allows ${upTo} % to fail: too few from ${undecided.join(", ")}. Raise probe.rounds.`,
        );
    }
    const seconds = reports.map(report => report.pulls.reduce((sum, pull) => sum + (pull.seconds ?? 0), 0));
    return { inWords, slowestPullsSeconds: tried === 0 ? null : Math.max(...seconds) };
}
