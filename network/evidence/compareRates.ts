import type { PullResult, Sample, VantageReport } from "../probe/report.ts";
import { isGood } from "../probe/reportOf.ts";
import type { Judgement, RateChange } from "./change.ts";
import { differenceInterval, fisherExact, type Rate } from "./significance.ts";

/**
 * Compares how many connections to each endpoint, and pulls of each image, came through from one vantage point. A
 * judgement here is still without regard to how many tests there are: `pValue` has to be adjusted.
 */
export function rateChanges(
    { vantagePoint, before, after }: { vantagePoint: string; before: VantageReport; after: VantageReport },
    { slowMs, confidence }: { slowMs: number; confidence: number },
): RateChange[] {
    const endpoints = shared(before.endpoints, after.endpoints, ({ endpoint }) => endpoint);
    const connections = [null, ...endpoints].map(subject => {
        const isOfSubject = ({ endpoint }: Sample) =>
            subject === null ? endpoints.includes(endpoint) : endpoint === subject;
        const rate = ({ samples }: VantageReport) => connected(samples.filter(isOfSubject), slowMs);
        return { kind: "connections" as const, subject, before: rate(before), after: rate(after) };
    });
    const images = shared(before.pulls, after.pulls, ({ image }) => image);
    const pulls = (images.length === 0 ? [] : [null, ...images]).map(subject => {
        const isOfSubject = ({ image }: PullResult) => (subject === null ? images.includes(image) : image === subject);
        const rate = (report: VantageReport) => pulled(report.pulls.filter(isOfSubject));
        return { kind: "pulls" as const, subject, before: rate(before), after: rate(after) };
    });
    return [...connections, ...pulls].map(change => {
        const { pValue, attainable } = fisherExact(change.before, change.after);
        const canTell = attainable <= 1 - confidence;
        return {
            vantagePoint,
            judgement: canTell ? judged(change, before.complete, after.complete) : "same",
            ...change,
            interval: differenceInterval(change.before, change.after, confidence),
            pValue: canTell ? pValue : null,
        };
    });
}

/**
 * Failures take their time to show, so a run that was cut short lacks some and looks better than it was: what speaks for
 * it is no judgement.
 */
function judged(
    { before, after }: { before: Rate; after: Rate },
    wasComplete: boolean,
    isComplete: boolean,
): Judgement {
    const rose = after.succeeded * before.attempts > before.succeeded * after.attempts;
    if (rose) return isComplete ? "better" : "different";
    return wasComplete ? "worse" : "different";
}

function shared<T>(before: T[], after: T[], name: (item: T) => string): string[] {
    const former = new Set(before.map(name));
    return after.map(name).filter(one => former.has(one));
}

function connected(samples: Sample[], slowMs: number): Rate {
    return {
        succeeded: samples.filter(sample => isGood(sample, { slowMs })).length,
        attempts: samples.length,
    };
}

function pulled(pulls: PullResult[]): Rate {
    return {
        succeeded: pulls.reduce((sum, pull) => sum + pull.succeeded, 0),
        attempts: pulls.reduce((sum, pull) => sum + pull.attempts, 0),
    };
}
