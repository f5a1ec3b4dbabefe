import { addMessage, noFindings } from "../../network/probe/findings.ts";
import { type AgentMessage, messageOf } from "../../network/probe/messages.ts";
import type { ProbePlan } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { reportOf } from "../../network/probe/reportOf.ts";
import { logLines } from "./logLines.ts";

/** The report of the last run that ended, or a clause that says why the log has none. */
export type LastRun = { report: VantageReport } | { reason: string };

/**
 * What is kept of one run, in characters: the largest plan makes 40,000 connections, and the line of each has about 600.
 * Only the answer of something else than the agent is longer.
 */
const LARGEST_RUN = 64 * 1024 * 1024;
/** What is read of one log, in characters. */
const LARGEST_LOG = 2 * LARGEST_RUN;
/** A plan's budget is an hour at most. */
const LONGEST_RUN_SECONDS = 86_400;

interface TimedMessage {
    at: string;
    message: AgentMessage;
}

/** The messages of one run, as far as the log has them, without the heartbeats. */
interface Run {
    messages: readonly TimedMessage[];
    /** Length of its lines; messages beyond LARGEST_RUN are left out. */
    size: number;
}

/**
 * Reads the log of a pod, with timestamps, as it arrives. The node keeps only the end of a long log, so the log may begin
 * in the middle of a run. The report of that run says that it is incomplete.
 */
export async function lastRunIn(vantagePoint: string, plan: ProbePlan, log: AsyncIterable<Buffer>): Promise<LastRun> {
    let ended: Run | undefined;
    let current = emptyRun();
    let size = 0;
    for await (const line of logLines(log)) {
        size += line.length;
        if (size > LARGEST_LOG) break;
        const timed = timedMessage(line);
        if (timed === undefined || timed.message.kind === "heartbeat") continue;
        current.size += line.length;
        if (current.size <= LARGEST_RUN || isLast(timed)) current.messages.push(timed);
        if (!isLast(timed)) continue;
        ended = current;
        current = emptyRun();
    }
    if (ended !== undefined) return reportOfRun(vantagePoint, plan, ended);
    if (size > LARGEST_LOG)
        return { reason: "the log is too long to be read, and no run ends in the part that was read" };
    const [first] = current.messages;
    if (first !== undefined && first.message.kind !== "facts")
        return {
            reason: "the log begins in the middle of a run that has not ended: the node has removed the lines before",
        };
    return { reason: "the agent has finished no run" };
}

function emptyRun(): { messages: TimedMessage[]; size: number } {
    return { messages: [], size: 0 };
}

function isLast({ message: { kind } }: TimedMessage): boolean {
    return kind === "end" || kind === "failed";
}

/** Undefined for a line that is no message of the agent: a shell's complaint, a line that the runtime cut. */
function timedMessage(line: string): TimedMessage | undefined {
    const space = line.indexOf(" ");
    const at = line.slice(0, space);
    const message = messageOf(line.slice(space + 1));
    return typeof message === "string" || Number.isNaN(Date.parse(at)) ? undefined : { at, message };
}

function reportOfRun(vantagePoint: string, plan: ProbePlan, run: Run): LastRun {
    const messages = withoutKilledRuns(run.messages);
    const found = noFindings();
    for (const { message } of messages) addMessage(found, message, plan.budgetSeconds);
    const { facts } = found;
    if (facts === null)
        return { reason: "the log has no more than the last lines of a run: the node has removed the lines before" };
    const lacking = whatIsMissing({ ...run, messages });
    // What a pod says is not trusted to be a length of time.
    const seconds = found.seconds === null ? null : Math.min(Math.max(found.seconds, 0), LONGEST_RUN_SECONDS);
    const report = reportOf({ vantagePoint, role: "pod" }, plan, startOf(messages, seconds, lacking === null), {
        ...found,
        facts,
        seconds: seconds ?? 0,
        incompleteReason: found.incompleteReason ?? lacking,
    });
    return { report };
}

/**
 * The messages of the last of several runs. An agent that was killed writes no end, so that the next run follows at once:
 * it begins with facts, and after the facts that end a run no measurement comes.
 */
function withoutKilledRuns(messages: readonly TimedMessage[]): readonly TimedMessage[] {
    const begin = messages.findLastIndex(
        ({ message }, index) => message.kind === "facts" && isMeasurement(messages[index + 1]),
    );
    return messages.slice(Math.max(begin, 0));
}

function isMeasurement(timed: TimedMessage | undefined): boolean {
    return timed !== undefined && ["sample", "pull", "pathMtu"].includes(timed.message.kind);
}

/** Why the findings are not all that the run found; null when nothing is missing. */
function whatIsMissing({ messages, size }: Run): string | null {
    if (size > LARGEST_RUN) return "the run wrote more than is read of one run.";
    const facts = messages.filter(({ message }) => message.kind === "facts").length;
    // A run sends facts when it begins and before it ends.
    const isWhole = messages[0]!.message.kind === "facts" && facts >= 2;
    return isWhole ? null : "the log begins in the middle of the run: the node has removed the lines before.";
}

/** When the run began; by how long it took where the log has no more than its end. */
function startOf(messages: readonly TimedMessage[], seconds: number | null, isWhole: boolean): string {
    const [first, last] = [messages[0]!, messages.at(-1)!];
    const begun = isWhole || seconds === null ? Date.parse(first.at) : Date.parse(last.at) - seconds * 1000;
    return new Date(begun).toISOString();
}
