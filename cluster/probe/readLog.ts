import { addMessage, noFindings } from "../../network/probe/findings.ts";
import { type AgentMessage, messageOf } from "../../network/probe/messages.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { reportOf } from "../../network/probe/reportOf.ts";

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
    const message = messageOf(text.slice(space + 1));
    return typeof message === "string" ? [] : [{ at: text.slice(0, space), message }];
}

function reportOfRun(vantagePoint: string, plan: ProbePlan, lines: readonly Line[]): VantageReport | undefined {
    const found = noFindings();
    for (const { message } of lines) addMessage(found, message, plan.budgetSeconds);
    const { facts, seconds } = found;
    if (facts === null) return undefined;
    const startedAt = new Date(lines[0]!.at).toISOString();
    return reportOf({ vantagePoint, role: "pod" }, plan, startedAt, { ...found, facts, seconds: seconds ?? 0 });
}
