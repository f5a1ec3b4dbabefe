import { advisoriesOf } from "./advisories.ts";
import { answers } from "./causes/answers.ts";
import { blackHole } from "./causes/blackHole.ts";
import { connections } from "./causes/connections.ts";
import { mtuMismatch } from "./causes/mtuMismatch.ts";
import { natExhaustion } from "./causes/natExhaustion.ts";
import { packetLoss, slowEndpoint } from "./causes/packetLoss.ts";
import { pulls } from "./causes/pulls.ts";
import { shutResolver } from "./causes/shutResolver.ts";
import { countOf, evidenceOf, type Finding, type Observation, observe, type Report } from "./observation.ts";
import { agreedPathMtu } from "./pathMtu.ts";
import { isVm, scopeOfTrouble } from "./scope.ts";
import { isSteady, type Threshold } from "./steady.ts";
import { Cause, type Verdict } from "./verdict.ts";

/** What looks for causes. Of two that explain as much, the earlier one is named. */
const SEARCHES: readonly ((observation: Observation) => Finding[])[] = [
    mtuMismatch,
    blackHole,
    natExhaustion,
    shutResolver,
    answers,
    connections,
    slowEndpoint,
    packetLoss,
    pulls,
];

/** Confidence of `none`: that of the sequential test that every vantage point has passed. */
const CONFIDENCE_OF_NONE = 0.95;
/** A finding must explain this share of what went wrong, or the cause stays unknown. */
const EXPLAINED_SHARE = 0.5;

/** What a run was asked to do, as far as its verdict depends on it. */
export interface JudgedRun {
    /** Names of all vantage points that were to report. As long as one of them has not, nothing counts as healthy. */
    vantagePoints: readonly string[];
    /** The success rate that the plan holds the network to: `plan.stability`. */
    threshold: Threshold;
}

/**
 * Says what the reports of all vantage points mean together. Pure: it sees samples and facts, and works on summaries
 * without samples too, with less to show as evidence. It says `none` only when every vantage point reported, the network
 * is steady by the plan's threshold, and no measurement of packet sizes contradicts it.
 */
export function verdictOf(reports: Report[], { vantagePoints, threshold }: JudgedRun): Verdict {
    const unprobed = vantagePoints.filter(name => !reports.some(({ vantagePoint }) => vantagePoint === name));
    const observation = observe(reports);
    const steady = isSteady(observation, threshold);
    // In a steady network a stray failure explains nothing: what was measured comes first.
    const weight = ({ isMeasured, explains }: Finding) => (steady && isMeasured ? Infinity : countOf(explains));
    const findings = SEARCHES.flatMap(search => search(observation)).toSorted((a, b) =>
        weight(a) === weight(b) ? 0 : weight(b) - weight(a),
    );
    const [first] = findings;
    const all = countOf(observation.trouble);
    const isExplained = steady || countOf(first?.explains ?? []) >= all * EXPLAINED_SHARE;
    // Where nothing explains what fails, what was measured is still a fault, and the likeliest.
    const main = isExplained ? first : findings.find(({ isMeasured }) => isMeasured);
    const others = findings.filter(finding => finding !== main);
    const common = {
        pathMtu: { ipv4: agreedPathMtu(reports, "ipv4"), ipv6: agreedPathMtu(reports, "ipv6") },
        stability: Object.fromEntries(reports.map(({ vantagePoint, stability }) => [vantagePoint, stability])),
        advisories: advisoriesOf(reports),
    };

    if (steady && !findings.some(({ isMeasured }) => isMeasured)) {
        const state = unprobed.length === 0 ? noFault(observation) : unknownFault(observation, findings, unprobed);
        return { ...common, ...state, alsoSeen: findings.map(alsoSeen) };
    }
    if (main) {
        const { explains, isMeasured, confidence, ...named } = main;
        const share = all === 0 || steady ? 1 : countOf(explains) / all;
        return {
            ...common,
            ...named,
            confidence: round(confidence * Math.max(share, isMeasured ? EXPLAINED_SHARE : 0)),
            alsoSeen: others.filter(other => addsTo(main, other)).map(alsoSeen),
            ruledOut: [],
        };
    }
    return { ...common, ...unknownFault(observation, findings, unprobed), alsoSeen: findings.map(alsoSeen) };
}

function noFault({ reports }: Observation) {
    const attempts = (report: Report) => report.endpoints.reduce((sum, endpoint) => sum + endpoint.attempts, 0);
    return {
        cause: "none" as const,
        direction: null,
        scope: null,
        icmpFilteredAt: reports.some(report => !isVm(report) && report.facts.icmpDropRules.length > 0)
            ? ("gateway" as const)
            : ("nowhere" as const),
        confidence: CONFIDENCE_OF_NONE,
        summary: `Egress works from ${reports.map(({ vantagePoint }) => vantagePoint).join(", ")}.`,
        evidence: reports.map(report => ({
            vantagePoint: report.vantagePoint,
            statement: `stable over ${attempts(report)} connections; ${report.pulls.length} images pulled`,
            samples: [],
        })),
        actions: [],
        ruledOut: [],
    };
}

function unknownFault(observation: Observation, findings: Finding[], unprobed: readonly string[]) {
    const { reports, trouble } = observation;
    const seen = findings.map(({ cause }) => cause);
    const { summary, sentence } = unknownInWords(observation, unprobed);
    const action = { component: "EgressProbe", argument: "plan.rounds", value: null, sentence };
    return {
        cause: "unknown" as const,
        direction: null,
        scope: trouble.length === 0 ? null : scopeOfTrouble(trouble, reports),
        icmpFilteredAt: "nowhere" as const,
        confidence: 0,
        summary,
        evidence: evidenceOf(observation, trouble),
        actions: [unprobed.length === 0 ? action : { ...action, component: null, argument: null }],
        ruledOut: Cause.options.filter(cause => cause !== "none" && cause !== "unknown" && !seen.includes(cause)),
    };
}

function unknownInWords({ reports, trouble }: Observation, unprobed: readonly string[]) {
    if (unprobed.length > 0) {
        const names = unprobed.join(", ");
        return {
            summary: `${names} could not be probed, and what the others saw does not say why.`,
            sentence: `Make ${names} reachable and probe again.`,
        };
    }
    if (trouble.length > 0) {
        return {
            summary: "Requests fail, and no cause that Clearpath knows explains most of the failures.",
            sentence: "Probe again with more rounds and pulls.",
        };
    }
    const undecided = reports
        .filter(({ stability, complete }) => stability === "inconclusive" || !complete)
        .map(({ vantagePoint }) => vantagePoint);
    return {
        summary: `Nothing failed, but ${undecided.join(", ") || "no vantage point"} tried too little to call it healthy.`,
        sentence: "Probe again with more rounds.",
    };
}

/** Whether a finding says something that the main one does not explain already. */
function addsTo(main: Finding, { explains }: Finding): boolean {
    return explains.length === 0 || explains.some(group => !main.explains.includes(group));
}

function alsoSeen({ cause, scope, summary, evidence }: Finding) {
    return { cause, scope, summary, evidence };
}

function round(share: number): number {
    return Math.round(share * 100) / 100;
}
