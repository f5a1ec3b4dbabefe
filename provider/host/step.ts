import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { HostError } from "./hostError.ts";
import { assignments, quote } from "./quote.ts";
import type { CommandResult, HostSession } from "./session.ts";

/**
 * Takes the host's lock, so that no two runs and no two resources change one host at the same time. The whole program
 * has arrived before the lock is taken, because a connection that dies in between would hold the lock for hours. Only
 * root can write to /run, which is empty at boot. Other users cannot open the lock, since a reader could hold it.
 */
const LOCKED_SH = `umask 077
program=$(mktemp /run/clearpath.XXXXXX) && cat >"$program" &&
flock -o -E 75 -w 120 /run/clearpath.lock sh "$program"
code=$?
rm -f "$program"
if [ $code = 75 ]; then cat /run/clearpath.lock >&2; fi
exit $code`;
/** A step that only reads takes no lock, so that a long answer over a dead connection blocks no other step. */
const SH = "exec sh";
const LOCK_BUSY = 75;
/** Time limit, in milliseconds, of a step that waits only for the host's lock and for the host itself. */
export const STEP_TIMEOUT_MS = 240_000;

export type StepValues = Readonly<Record<string, string | number | boolean>>;

/** One step on a host: a shell program that is sent as a whole. A step that changes something holds the host's lock. */
export interface Step {
    /** What the step does, for messages: "read table inet clearpath". */
    name: string;
    /** Files with shell functions; a later file may use the functions of an earlier one. */
    programs: readonly URL[];
    /** Shell variables of the programs. */
    values: StepValues;
    /** The command to run: a function of the programs, with constant arguments. */
    call: string;
    /** Whether the step changes nothing. Default: false. */
    readOnly?: boolean;
}

/** The values that a step answered, by name. */
export type Answers = Record<string, string>;

/** Variables that the prelude reads in every step. */
export interface RecordValues {
    /** Directory on the host that holds the record of the managed object. */
    record: string;
    owner_id: string;
    /** Empty while the resource is being created: then the step accepts any host. */
    expected_machine_id: string;
}

const PRELUDE = new URL("./prelude.sh", import.meta.url);

/**
 * The text of a step. The shell reads the whole block in braces before it runs anything. So a broken connection never
 * leaves a part of a program to run, and no command of the program can read the rest of it as its input.
 */
export function stepScript({ programs, values, call }: Pick<Step, "programs" | "values" | "call">): string {
    const functions = [PRELUDE, ...programs].map(program => readFileSync(program, "utf8"));
    return `{\n${assignments(values)}${functions.join("\n")}\n${call}\n} </dev/null\n`;
}

/** A longer name is cut and gets a digest of the whole name: file systems allow 255 bytes. */
const LONGEST_RECORD_NAME = 180;

/** Directory on the host that records which resource owns an object, and what was there before. */
export function recordDirectory(kind: string, name: string): string {
    const spelt = encodeURIComponent(name);
    if (spelt.length <= LONGEST_RECORD_NAME) return `/var/lib/clearpath/${kind}/${spelt}`;
    const digest = createHash("sha256").update(name).digest("hex");
    return `/var/lib/clearpath/${kind}/${spelt.slice(0, LONGEST_RECORD_NAME - digest.length - 1)}.${digest}`;
}

/** Runs a step. Throws a HostError with the host's own message when the step fails. */
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

/** A command that writes into the lock file which run holds the lock, for the runs that wait for it. */
function holding(name: string): string {
    const holder = `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}, to ${name}`;
    return `printf '%s' ${quote(holder)} >/run/clearpath.lock`;
}

function parseAnswer(line: string): { name: string; value: string } | undefined {
    const found = /^\{"name":"(\w+)","base64":"([A-Za-z0-9+/=]*)"\}$/.exec(line);
    return found === null ? undefined : { name: found[1]!, value: Buffer.from(found[2]!, "base64").toString("utf8") };
}

/** After a lost connection the host still finishes the step, and nobody sees the result: the message says so. */
function withUnseenEnd(error: unknown, name: string): unknown {
    if (!(error instanceof HostError) || error.reason !== "connection-lost") return error;
    return new HostError(
        error.host,
        error.reason,
        `${error.message.slice(error.host.length + 2)} The host continues this step without the connection (${name}), and its result is not known. Run up --refresh to see what state the host is in.`,
    );
}

function stepError(host: string, name: string, result: CommandResult, answers: Answers, noise: string[]): HostError {
    if (answers.failure !== undefined) return new HostError(host, "step", answers.failure);
    if (answers.missingProgram !== undefined)
        return new HostError(
            host,
            "missing-program",
            `the program ${answers.missingProgram} is missing, which is needed to ${name}. Nothing was changed. Install the package ${answers.missingPackage} on the host.`,
        );
    if (result.code === LOCK_BUSY)
        return new HostError(
            host,
            "step",
            `could not ${name}: another run has held the host's lock for two minutes (${result.stderr.trim() || "the lock does not say which run"}). Nothing was changed. Wait for it to end, then run again.`,
        );
    const said = [...noise, result.stderr.trim()].filter(Boolean).join("\n") || "it printed no message";
    return new HostError(
        host,
        "step",
        `could not ${name}: the step failed with exit code ${result.code}: ${said}. Run up --refresh to see what state the host is in.`,
    );
}
