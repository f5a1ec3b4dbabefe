import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HostError, hasUnseenEnd } from "./hostError.ts";
import type { OperationContext } from "./operationContext.ts";
import type { HostSession } from "./session.ts";
import { type Answers, runStep, STEP_TIMEOUT_MS, type Step, type StepValues, stepScript } from "./step.ts";
import { Baseline, type Witness } from "./witness.ts";

/** The program that a step builds on which waits for changes to be confirmed, or clears away what they have left. */
export const COMMIT_CONFIRM = new URL("./commitConfirm.sh", import.meta.url);
/** Directory on a host for what a change leaves that is not confirmed yet. */
export const PENDING = "/var/lib/clearpath/pending";
/** What a new connection must carry each way: more than a packet of any MTU, 65,535 bytes. */
const PROOF_BYTES = 128 * 1024;
/** Left at the end of the window for the confirming step itself. */
const CONFIRM_MARGIN_MS = 3_000;
/** How long an applied change's answer is waited for: it may have cut off the connection that carries it. */
const ANSWER_WAIT_MS = 10_000;
/** How long taking a change back may take, beside what applying it takes. */
const REVERT_SECONDS = 120;
/** A cancelled run has 5 s to finish or take back. */
const TAKE_BACK_MS = 3_500;
const RETRY_PAUSE_MS = 500;

/**
 * A change that could cut us off. The programs define prepare_, apply_, verify_, confirm_ and revert_ functions for
 * the action; see commitConfirm.sh for when each runs.
 */
export interface Change {
    /** For messages, as in "could not …": "set the MTU of eth0 to 1400". */
    name: string;
    programs: readonly URL[];
    values: StepValues;
    /** Values for applying alone, such as passwords: they do not wait on the host with what would take the change back. */
    applyValues?: StepValues;
    action: string;
    /** How long the host waits for the confirmation, in seconds. */
    confirmSeconds: number;
    /** Longest that applying may take beyond a moment, that `fault` may, and that taking back may, in seconds. Default: 0. */
    longestSeconds?: number;
    /** Name of the input that gives it more time. Default: confirmSeconds. */
    patienceInput?: string;
    /** Looks at what `fault` compares with, right before the change is made. */
    before?(): Promise<void>;
    /** What else has to be asked before the change may stay. Returns what is wrong, in a sentence. */
    fault?(): Promise<string | undefined>;
    /** Hosts that must still reach afterwards what they reached before. */
    witnesses?: readonly Witness[];
}

/**
 * Makes a change that the host takes back by itself unless it is confirmed: the host arms a timer, applies, and only a
 * NEW connection that moves more than one packet each way, and finds the change in force, disarms it and makes the
 * change permanent. A change by which a witness loses what it reached before is taken back too. Returns the answers of
 * both halves. Throws a HostError that says what state the host is in.
 */
export function commitConfirm(context: OperationContext, session: HostSession, change: Change): Promise<Answers> {
    return inTurn(session.host, async () => {
        const baseline = await Baseline.take(context, change.witnesses ?? [], change.confirmSeconds);
        return session.alone(alone => makeChange(context, alone, change, baseline));
    });
}

/**
 * Runs a step that only looks, once nothing it would see can yet be taken back: a run that was killed leaves an applied
 * change for as long as the host waits for its confirmation. The step calls look_later.
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
            // It was taken back in this very moment, and with it what the connection was made for.
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
 * Waits for a change that may yet be taken back, and goes on over a new connection: if it was an MTU, one from before
 * may not carry what the way carries after.
 */
async function waitAMoment(context: OperationContext, session: HostSession): Promise<void> {
    await sleep(RETRY_PAUSE_MS, undefined, { signal: context.signal });
    const fresh = await session.reconnect({ signal: context.signal }).catch(() => undefined);
    if (fresh !== undefined) session.moveTo(fresh);
}

function waitingFor({ host }: HostSession): string {
    return `${host}: waits for a change that an earlier run has left unconfirmed; the host takes it back by itself.`;
}

const lastOf = new Map<string, Promise<unknown>>();

/** One unconfirmed change a host at a time, or nobody could tell which of two cut it off. */
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
            .catch((error: Error) => [`it could not be asked what is lost (${error.message})`]);
        if (lost.length > 0 && window.aborted) return ["there was no time to ask the witnesses.", moreTime];
        if (lost.length > 0)
            return [`${lost.join(", ")}, and does not any more.`, "Correct the change so that it still does."];
        const fault = await change.fault?.();
        return fault === undefined ? undefined : [fault, "Correct what is wrong there, then run again."];
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
            `could not see whether the host confirmed to ${change.name}. It has, or takes the change back by ${new Date(deadline + CONFIRM_MARGIN_MS).toISOString()}. Run up --refresh then.`,
        );
    });
    if (confirmed.reverted === undefined) return { ...answers, ...confirmed };
    // The first half may have said why, later than it was waited for.
    const cause = failure();
    if (cause instanceof HostError && cause.reason === "step") throw cause;
    throw new HostError(
        session.host,
        "reverted",
        `could not ${change.name}: the confirmation came after the ${windowSeconds} s the host waits, so it has taken the change back by itself. ${(await leftOf(session)) || "Everything is as it was."} ${moreTime}`,
    );
}

/** How long the host waits from arming on, from when the change was applied, and for its being taken back. */
function windowsOf({ confirmSeconds, longestSeconds = 0, fault }: Change) {
    return {
        window_seconds: confirmSeconds + 2 * longestSeconds,
        confirm_seconds: confirmSeconds + (fault ? longestSeconds : 0),
        revert_seconds: REVERT_SECONDS + longestSeconds,
    };
}

/** The first half, up to its answer or to the silence of a connection that the change has cut off. */
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

/** A new connection that has carried PROOF_BYTES each way; tried until the window closes. */
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
    /** How long the host waits in all. */
    windowSeconds: number;
    deadline: number;
    cancelled: AbortSignal;
    /** Sentences for the error. */
    why: string;
    advice: string;
}

/** Has an unconfirmed change taken back, at once where a connection still works, and says what state that left. */
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

/** What a change that was taken back could not put back, in a sentence; empty when everything is as it was. */
const TELL_LEFT = `test ! -e ${PENDING} && { cat /run/clearpath.left 2>/dev/null; rm -f /run/clearpath.left; }`;

async function leftOf(session: HostSession): Promise<string> {
    const result = await session.exec(TELL_LEFT, { timeoutMs: TAKE_BACK_MS }).catch(() => undefined);
    return result?.stdout.trim() ?? "";
}

/**
 * Asks the host, over the connection that was there before, to take the change back now. Returns what could not be put
 * back, or undefined when the change was not taken back.
 */
async function revertThrough(session: HostSession, seconds: number): Promise<string | undefined> {
    if (!session.alive) return undefined;
    const revert = `systemctl start clearpath-revert.service && ${TELL_LEFT}`;
    const result = await session.exec(revert, { timeoutMs: TAKE_BACK_MS + seconds * 1000 }).catch(() => undefined);
    return result?.code === 0 ? result.stdout.trim() : undefined;
}

/**
 * Waits until the host's timer has passed, and then for a connection that finds nothing pending. Returns as above, and
 * undefined at once when the run is cancelled.
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
