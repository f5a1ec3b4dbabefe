import { AgentMessage } from "../../network/probe/messages.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import type { HostNetworkFacts, PathMtuResult, Sample, VantageReport } from "../../network/probe/report.ts";
import { type PullAttempt, reportOf } from "../../network/probe/reportOf.ts";

/** One line of a pod's log as the API server gives it with `timestamps=true`. */
interface Line {
    at: string;
    message: AgentMessage;
}

/**
 * The report of a pod's last run that came to its end, from its log with timestamps; undefined when there is none, also
 * where a run is under way for the first time.
 */
export function reportFromLog(vantagePoint: string, plan: ProbePlan, log: string): VantageReport | undefined {
    const lines = log.split("\n").flatMap(lineOf);
    const end = lines.findLastIndex(({ message }) => isLast(message));
    if (end === -1) return undefined;
    const before = lines.slice(0, end).findLastIndex(({ message }) => isLast(message));
    return reportOfRun(vantagePoint, plan, lines.slice(before + 1, end + 1));
}

function isLast({ kind }: AgentMessage): boolean {
    return kind === "end" || kind === "failed";
}

/** Nothing for what is no message of the agent: a shell's complaint, a line that the runtime cut. */
function lineOf(text: string): Line[] {
    const space = text.indexOf(" ");
    try {
        const parsed = AgentMessage.safeParse(JSON.parse(text.slice(space + 1)));
        return parsed.success ? [{ at: text.slice(0, space), message: parsed.data }] : [];
    } catch {
        return [];
    }
}

function reportOfRun(vantagePoint: string, plan: ProbePlan, lines: readonly Line[]): VantageReport | undefined {
    const samples: Sample[] = [];
    const pulls: PullAttempt[] = [];
    let pathMtu: PathMtuResult = { ipv4: null, ipv6: null };
    let facts: HostNetworkFacts | undefined;
    let seconds = 0;
    let incompleteReason: string | null = null;
    for (const { message } of lines) {
        if (message.kind === "sample") samples.push(message.sample);
        else if (message.kind === "pull") pulls.push(message.pull);
        else if (message.kind === "pathMtu") pathMtu = message.pathMtu;
        else if (message.kind === "facts") facts = message.facts;
        else if (message.kind === "failed") incompleteReason = `the probe failed: ${message.message}.`;
        else if (message.kind === "end") {
            seconds = message.seconds;
            if (message.outOfTime)
                incompleteReason = `the budget of ${plan.budgetSeconds} s ended before the rounds did.`;
        }
    }
    if (facts === undefined) return undefined;
    const startedAt = new Date(lines[0]!.at).toISOString();
    return reportOf({ vantagePoint, role: "pod" }, plan, startedAt, {
        samples,
        pulls,
        pathMtu,
        facts,
        seconds,
        incompleteReason,
    });
}
