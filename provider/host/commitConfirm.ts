import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HostError, hasUnseenEnd } from "./hostError.ts";
import type { OperationContext } from "./operationContext.ts";
import type { HostSession } from "./session.ts";
import { type Answers, runStep, STEP_TIMEOUT_MS, type Step, type StepValues, stepScript } from "./step.ts";
import { Baseline, type Witness } from "./witness.ts";

/** Shell functions for steps that wait for the confirmation of a change, or that clear away an unfinished one. */
export const COMMIT_CONFIRM = new URL("./commitConfirm.sh", import.meta.url);
/** Directory on a host that holds the data of a change until it is confirmed. */
export const PENDING = "/var/lib/clearpath/pending";
/** Bytes that a new connection must carry each way: more than the largest IP packet, 65,535 bytes. */
const PROOF_BYTES = 128 * 1024;
/** Time at the end of the window that is kept for the confirming step itself. */
const CONFIRM_MARGIN_MS = 3_000;
/** How long Clearpath waits for the answer of an applied change, which may have cut the connection it comes over. */
const ANSWER_WAIT_MS = 10_000;
/** How long it may take to take a change back, in addition to the time that applying it takes. */
const REVERT_SECONDS = 120;
/** Pulumi gives a cancelled run 5 s to finish its changes or to take them back. */
const TAKE_BACK_MS = 3_500;
const RETRY_PAUSE_MS = 500;

/**
 * A change that could cut off the connection to the host. The programs define prepare_, apply_, verify_, confirm_ and
 * revert_ functions for the action; commitConfirm.sh says when each of them runs.
 */
export interface Change {
    /** For messages, as in "could not …": "set the MTU of eth0 to 1400". */
    name: string;
    programs: readonly URL[];
    values: StepValues;
    /** Values that only applying needs, such as passwords. They are not stored on the host with the revert program. */
    applyValues?: StepValues;
    action: string;
    /** How long the host waits for the confirmation, in seconds. */
    confirmSeconds: number;
    /** Time limit, in seconds, for applying the change, for `fault`, and for taking it back, each. Default: 0. */
    longestSeconds?: number;
    /** Name of the input that gives the change more time. Default: confirmSeconds. */
    patienceInput?: string;
    /** Runs right before the change is made, to read what `fault` compares with. */
    before?(): Promise<void>;
    /** A further check before the change is confirmed. Returns what is wrong, in a sentence, or undefined. */
    fault?(): Promise<string | undefined>;
    /** Hosts that must reach the same endpoints after the change as before. */
    witnesses?: readonly Witness[];
}

/**
 * Makes a change that the host takes back by itself unless it is confirmed. The host starts a timer and applies the
 * change. Then Clearpath opens a NEW connection, moves more than one packet each way over it, and checks that the change
 * is in force; only this stops the timer and makes the change permanent. The change is also taken back when a witness no
 * longer reaches an endpoint that it reached before. Returns the answers of both steps. Throws a HostError that says
 * what state the host is in.
 */
export function commitConfirm(context: OperationContext, session: HostSession, change: Change): Promise<Answers> {
    return inTurn(session.host, async () => {
        const baseline = await Baseline.take(context, change.witnesses ?? [], change.confirmSeconds);
        return session.alone(alone => makeChange(context, alone, change, baseline));
    });
}

/**
 * Runs a step that only reads, and first waits until the host will take back nothing of what the step reads: after a run
 * that was killed, an applied change stays until the host stops waiting for its confirmation. The step calls look_later.
 */
export async function lookAtSettled(
    context: OperationContext,
    session: HostSession,
    step: Step,
    onAnswer?: (name: string, value: string) => void,
): Promise<Answers> {
    const look = { ...step, programs: [COMMIT_CONFIRM, ...step.programs], readOnly: true };
    let told = false;
    let lost = false;
    for (;;) {
        const answers = await runStep(session, look, { onAnswer }).catch((error: unknown): Answers => {
            // The host took the change back at this moment, and the connection depended on the change.
            if (!told || lost || !hasUnseenEnd(error)) throw error;
            lost = true;
            return { unsettled: "yes" };
        });
        if (answers.unsettled === undefined) return answers;
        if (!told) context.log("info", waitingFor(session));
        told = true;
        await waitAMoment(context, session);
    }
}

/**
 * Waits for a change that the host may still take back, and continues over a new connection: if the change was an MTU,
 * an old connection may not work with the MTU that the path has afterwards.
 */
async function waitAMoment(context: OperationContext, session: HostSession): Promise<void> {
    await sleep(RETRY_PAUSE_MS, undefined, { signal: context.signal });
    const fresh = await session.reconnect({ signal: context.signal }).catch(() => undefined);
    if (fresh !== undefined) session.moveTo(fresh);
}

function waitingFor({ host }: HostSession): string {
    return `${host}: Clearpath waits until the host has taken back a change that an earlier run did not confirm.`;
}

const lastOf = new Map<string, Promise<unknown>>();

/** Allows one unconfirmed change on a host at a time: with two, nobody could tell which of them cut the host off. */
function inTurn<T>(host: string, work: () => Promise<T>): Promise<T> {
    const turn = (lastOf.get(host) ?? Promise.resolve()).then(work, work);
    lastOf.set(host, turn);
    return turn;
}

async function makeChange(
    context: OperationContext,
    session: HostSession,
    change: Change,
    baseline: Baseline,
): Promise<Answers> {
    if (context.signal.aborted)
        throw new HostError(session.host, "cancelled", `did not ${change.name}: the run was cancelled.`);
    const moreTime = `Give ${change.patienceInput ?? "confirmSeconds"} more time.`;
    const values = { ...change.values, change_id: randomUUID(), ...windowsOf(change) };
    const programs = [COMMIT_CONFIRM, ...change.programs];
    const half = { name: change.name, programs, values };
    const revert = stepScript({ programs, values, call: `revert_change ${change.action}` });
    const first = {
        ...half,
        values: { ...values, ...change.applyValues, revert_program: revert },
        call: `change ${change.action}`,
    };

    const { answers, deadline, windowSeconds, failure } = await begin(session, first, { context, change });
    const nothingToChange = answers.armed === undefined;
    if (nothingToChange) return answers;

    const window = AbortSignal.any([context.signal, AbortSignal.timeout(Math.max(0, deadline - Date.now()))]);
    const takeBack = (through: HostSession, why: string, advice: string) =>
        takenBack(session, { through, change, windowSeconds, deadline, cancelled: context.signal, why, advice });
    /** Why the change may not stay, and what to do; undefined when it may. */
    const whatIsWrong = async (): Promise<[why: string, advice: string] | undefined> => {
        const lost = await baseline
            .lost(deadline - TAKE_BACK_MS, window)
            .catch((error: Error) => [`Clearpath could not ask whether all of it still is (${error.message})`]);
        if (lost.length > 0 && window.aborted) return ["there was no time left to ask the witnesses.", moreTime];
        if (lost.length > 0)
            return [`${lost.join(", ")}, and no longer does.`, "Correct the change so that it still does."];
        const fault = await change.fault?.();
        return fault === undefined ? undefined : [fault, "Correct what is wrong there, then run up again."];
    };
    const fresh = await provenConnection(session, window).catch(async (error: Error) => {
        const why = `no new connection confirmed it: ${error.message}`;
        throw await takeBack(session, why, "Correct the change so that the host stays reachable.");
    });
    const wrong = await whatIsWrong();
    if (wrong !== undefined) {
        const error = await takeBack(fresh, ...wrong);
        fresh.close();
        throw error;
    }
    session.moveTo(fresh);
    const last = { ...half, call: `confirm_change ${change.action}` };
    const timeoutMs = STEP_TIMEOUT_MS + (change.longestSeconds ?? 0) * 1000;
    const confirmed = await runStep(session, last, { timeoutMs }).catch(error => {
        if (!(error instanceof HostError) || error.reason !== "connection-lost") throw error;
        throw new HostError(
            session.host,
            "connection-lost",
            `the connection broke before the host could answer whether the change is confirmed (${change.name}). Either it is, or the host takes it back by ${new Date(deadline + CONFIRM_MARGIN_MS).toISOString()}. Run up --refresh after that time.`,
        );
    });
    if (confirmed.reverted === undefined) return { ...answers, ...confirmed };
    // The first step may have answered the reason after Clearpath stopped waiting for it.
    const cause = failure();
    if (cause instanceof HostError && cause.reason === "step") throw cause;
    throw new HostError(
        session.host,
        "reverted",
        `could not ${change.name}: the confirmation came after the ${windowSeconds} s that the host waits, so the host has taken the change back by itself. ${(await leftOf(session)) || "Everything is as it was."} ${moreTime}`,
    );
}

/** How long the host waits for the confirmation, from arming and from applying, and how long a revert may take. */
function windowsOf({ confirmSeconds, longestSeconds = 0, fault }: Change) {
    return {
        window_seconds: confirmSeconds + 2 * longestSeconds,
        confirm_seconds: confirmSeconds + (fault ? longestSeconds : 0),
        revert_seconds: REVERT_SECONDS + longestSeconds,
    };
}

/** Runs the first step until it answers, or until nothing comes any more because the change cut the connection. */
async function begin(
    session: HostSession,
    step: Step & { values: { window_seconds: number; confirm_seconds: number } },
    { context, change }: { context: OperationContext; change: Change },
): Promise<{ answers: Answers; deadline: number; windowSeconds: number; failure(): unknown }> {
    const longestMs = (change.longestSeconds ?? 0) * 1000;
    let told = false;
    for (;;) {
        const answers: Answers = {};
        let windowSeconds = step.values.window_seconds;
        let waitsSince = 0;
        let failure: unknown;
        const armed = Promise.withResolvers<void>();
        await change.before?.();
        const running = runStep(session, step, {
            timeoutMs: STEP_TIMEOUT_MS + 2 * longestMs,
            onAnswer: (name, value) => {
                answers[name] = value;
                if (name === "armed") {
                    waitsSince = Date.now();
                    armed.resolve();
                } else if (name === "applied" && longestMs > 0) {
                    waitsSince = Date.now();
                    windowSeconds = step.values.confirm_seconds;
                }
            },
        });
        const answered = new AbortController();
        const silence = armed.promise.then(() =>
            sleep(ANSWER_WAIT_MS + 2 * longestMs, undefined, { signal: answered.signal }),
        );
        await Promise.race([running, silence])
            .catch((error: unknown) => {
                const cutOff = waitsSince > 0 && error instanceof HostError && error.reason === "connection-lost";
                if (!cutOff) throw error;
            })
            .finally(() => answered.abort());
        running.catch((error: unknown) => {
            failure = error;
        });
        const deadline = waitsSince + windowSeconds * 1000 - CONFIRM_MARGIN_MS;
        if (answers.busy === undefined) return { answers, deadline, windowSeconds, failure: () => failure };
        if (!told) context.log("info", waitingFor(session));
        told = true;
        await waitAMoment(context, session);
    }
}

/** Opens a new connection that carries PROOF_BYTES each way. Tries again until the window closes, then throws. */
async function provenConnection(session: HostSession, window: AbortSignal): Promise<HostSession> {
    let failure: unknown = new HostError(session.host, "connection-lost", "it did not answer.");
    while (!window.aborted) {
        let fresh: HostSession | undefined;
        try {
            fresh = await session.reconnect({ signal: window });
            const proof = randomBytes(PROOF_BYTES / 2).toString("hex");
            const echo = await fresh.exec("cat", { stdin: proof, signal: window });
            if (echo.stdout === proof) return fresh;
            failure = new HostError(session.host, "connection-lost", "a new connection does not carry data whole.");
        } catch (error) {
            const onlyOutOfTime = error instanceof HostError && error.reason === "cancelled";
            if (!onlyOutOfTime) failure = error;
        }
        fresh?.close();
        await sleep(RETRY_PAUSE_MS, undefined, { signal: window }).catch(() => undefined);
    }
    throw failure;
}

interface Unconfirmed {
    /** A connection that may still work. */
    through: HostSession;
    change: Change;
    /** How long the host waits, in total. */
    windowSeconds: number;
    deadline: number;
    cancelled: AbortSignal;
    /** Sentences for the error. */
    why: string;
    advice: string;
}

/** Has an unconfirmed change taken back, at once if a connection still works, and returns an error that says what state the host is in. */
async function takenBack(
    session: HostSession,
    { through, change, windowSeconds, deadline, cancelled, why, advice }: Unconfirmed,
): Promise<HostError> {
    const could = `could not ${change.name}: ${cancelled.aborted ? "the run was cancelled." : why} `;
    const retry = cancelled.aborted ? "" : ` ${advice}`;
    const longest = cancelled.aborted ? 0 : (change.longestSeconds ?? 0);
    const back = (how: string, left: string) =>
        new HostError(session.host, "reverted", `${could}${how}: ${left || "everything is as it was."}${retry}`);
    const left = await revertThrough(through, longest);
    if (left !== undefined) return back("The change was taken back", left);
    const by = new Date(deadline + CONFIRM_MARGIN_MS);
    const leftByItself = cancelled.aborted ? undefined : await revertedByItself(session, by, longest, cancelled);
    if (leftByItself !== undefined)
        return back(`The host has taken the change back by itself after ${windowSeconds} s`, leftByItself);
    return new HostError(
        session.host,
        "reverted",
        `${could}The host was told to take the change back by itself at ${by.toISOString()}; whether it did was not seen.${retry}`,
    );
}

/** Prints what the revert of a change could not put back, in a sentence; prints nothing when everything is as it was. */
const TELL_LEFT = `test ! -e ${PENDING} && { cat /run/clearpath.left 2>/dev/null; rm -f /run/clearpath.left; }`;

async function leftOf(session: HostSession): Promise<string> {
    const result = await session.exec(TELL_LEFT, { timeoutMs: TAKE_BACK_MS }).catch(() => undefined);
    return result?.stdout.trim() ?? "";
}

/**
 * Asks the host, over an existing connection, to take the change back now. Returns what could not be put back, or
 * undefined when the change was not taken back.
 */
async function revertThrough(session: HostSession, seconds: number): Promise<string | undefined> {
    if (!session.alive) return undefined;
    const revert = `systemctl start clearpath-revert.service && ${TELL_LEFT}`;
    const result = await session.exec(revert, { timeoutMs: TAKE_BACK_MS + seconds * 1000 }).catch(() => undefined);
    return result?.code === 0 ? result.stdout.trim() : undefined;
}

/**
 * Waits until the host's timer has run out, and then for a connection that finds no pending change. Returns the same as
 * `revertThrough`, and undefined at once when the run is cancelled.
 */
async function revertedByItself(
    session: HostSession,
    by: Date,
    seconds: number,
    cancelled: AbortSignal,
): Promise<string | undefined> {
    await sleep(Math.max(0, by.getTime() - Date.now()), undefined, { signal: cancelled }).catch(() => undefined);
    const giveUp = AbortSignal.any([cancelled, AbortSignal.timeout(20_000 + seconds * 1000)]);
    while (!giveUp.aborted) {
        try {
            const fresh = await session.reconnect({ signal: giveUp });
            const told = await fresh.exec(TELL_LEFT, { signal: giveUp });
            fresh.close();
            if (told.code === 0) return told.stdout.trim();
        } catch {
            // Not back yet.
        }
        await sleep(RETRY_PAUSE_MS, undefined, { signal: giveUp }).catch(() => undefined);
    }
    return undefined;
}
