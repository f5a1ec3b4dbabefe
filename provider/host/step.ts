import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { HostError } from "./hostError.ts";
import { assignments, quote } from "./quote.ts";
import type { CommandResult, HostSession } from "./session.ts";

/**
 * Two runs, or two resources, never change one host in the same moment. The program is there as a whole before the lock
 * is taken: a connection that dies in between would hold it for hours. /run is root's alone, and empty at boot; the
 * lock is closed to others, who could hold it by reading it.
 */
const LOCKED_SH = `umask 077
program=$(mktemp /run/clearpath.XXXXXX) && cat >"$program" &&
flock -o -E 75 -w 120 /run/clearpath.lock sh "$program"
code=$?
rm -f "$program"
if [ $code = 75 ]; then cat /run/clearpath.lock >&2; fi
exit $code`;
/** What only reads takes no lock, so that a long answer to a dead connection holds up nobody. */
const SH = "exec sh";
const LOCK_BUSY = 75;
/** Longest that a step may take which waits for nothing but the host's lock and the host. */
export const STEP_TIMEOUT_MS = 240_000;

export type StepValues = Readonly<Record<string, string | number | boolean>>;

/** One step on a host: a shell program that is sent whole. One that changes something runs under the host's lock. */
export interface Step {
    /** What it does, for messages: "read table inet clearpath". */
    name: string;
    /** Files with shell functions, in the order in which they build on each other. */
    programs: readonly URL[];
    /** Shell variables of the programs. */
    values: StepValues;
    /** The command to run: a function of the programs, with constant arguments. */
    call: string;
    /** Whether it changes nothing. Default: false. */
    readOnly?: boolean;
}

/** What a step answered, by name. */
export type Answers = Record<string, string>;

/** Variables that the prelude reads in every step. */
export interface RecordValues {
    /** Record directory of the thing that is managed. */
    record: string;
    owner_id: string;
    /** Empty when the resource is being made: any host will do. */
    expected_machine_id: string;
}

const PRELUDE = new URL("./prelude.sh", import.meta.url);

/**
 * The text of a step. The shell reads the braces to their end before it runs anything, so a broken connection cannot
 * leave half a program, and no command of it can eat the rest.
 */
export function stepScript({ programs, values, call }: Pick<Step, "programs" | "values" | "call">): string {
    const functions = [PRELUDE, ...programs].map(program => readFileSync(program, "utf8"));
    return `{\n${assignments(values)}${functions.join("\n")}\n${call}\n} </dev/null\n`;
}

/** Beyond this, a name is cut and gets a digest of the whole: a file system takes 255 bytes. */
const LONGEST_RECORD_NAME = 180;

/** Directory on the host that holds who owns a thing, and what was there before. */
export function recordDirectory(kind: string, name: string): string {
    const spelt = encodeURIComponent(name);
    if (spelt.length <= LONGEST_RECORD_NAME) return `/var/lib/clearpath/${kind}/${spelt}`;
    const digest = createHash("sha256").update(name).digest("hex");
    return `/var/lib/clearpath/${kind}/${spelt.slice(0, LONGEST_RECORD_NAME - digest.length - 1)}.${digest}`;
}

/** Runs a step. Throws a HostError with the host's words when it fails. */
export async function runStep(
    session: HostSession,
    step: Step,
    options: { onAnswer?: (name: string, value: string) => void; timeoutMs?: number } = {},
): Promise<Answers> {
    const answers: Answers = {};
    const noise: string[] = [];
    const result = await session
        .exec(step.readOnly ? SH : LOCKED_SH, {
            stdin: step.readOnly ? stepScript(step) : `${holding(step.name)}\n${stepScript(step)}`,
            timeoutMs: options.timeoutMs ?? STEP_TIMEOUT_MS,
            onLine: line => {
                const answer = parseAnswer(line);
                if (answer === undefined) return void noise.push(line);
                answers[answer.name] = answer.value;
                options.onAnswer?.(answer.name, answer.value);
            },
        })
        .catch((error: unknown) => {
            throw step.readOnly ? error : withUnseenEnd(error, step.name);
        });
    if (result.code !== 0) throw stepError(session.host, step.name, result, answers, noise);
    return answers;
}

/** A command that says in the lock who holds it, for those who wait. */
function holding(name: string): string {
    const holder = `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}, to ${name}`;
    return `printf '%s' ${quote(holder)} >/run/clearpath.lock`;
}

function parseAnswer(line: string): { name: string; value: string } | undefined {
    const found = /^\{"name":"(\w+)","base64":"([A-Za-z0-9+/=]*)"\}$/.exec(line);
    return found === null ? undefined : { name: found[1]!, value: Buffer.from(found[2]!, "base64").toString("utf8") };
}

/** Whoever loses a connection does not see what becomes of the step, which the host goes on with. */
function withUnseenEnd(error: unknown, name: string): unknown {
    if (!(error instanceof HostError) || error.reason !== "connection-lost") return error;
    return new HostError(
        error.host,
        error.reason,
        `${error.message.slice(error.host.length + 2)} The host goes on by itself with what it was told (${name}); how that ended was not seen. Run up --refresh to see what state it is in.`,
    );
}

function stepError(host: string, name: string, result: CommandResult, answers: Answers, noise: string[]): HostError {
    if (answers.failure !== undefined) return new HostError(host, "step", answers.failure);
    if (answers.missingProgram !== undefined)
        return new HostError(
            host,
            "missing-program",
            `it has no ${answers.missingProgram}, which is needed to ${name}. Nothing was changed. Install ${answers.missingPackage} on it.`,
        );
    if (result.code === LOCK_BUSY)
        return new HostError(
            host,
            "step",
            `could not ${name}: another run has held the host's lock for two minutes (${result.stderr.trim() || "it does not say which"}). Nothing was changed. Wait for it to end, then run again.`,
        );
    const said = [...noise, result.stderr.trim()].filter(Boolean).join("\n") || "it said nothing";
    return new HostError(
        host,
        "step",
        `could not ${name}: the step ended with ${result.code}: ${said}. Run with --refresh to see what state it is in.`,
    );
}
