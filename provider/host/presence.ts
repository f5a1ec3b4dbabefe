import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, hostOfConnection } from "./connection.ts";
import { HostError, isGone } from "./hostError.ts";
import type { OperationContext } from "./operationContext.ts";
import { type Ownership, partsOfOwner, UNFINISHED } from "./owner.ts";
import type { HostSession } from "./session.ts";
import type { Answers } from "./step.ts";

/** How long a host is asked for before it counts as gone, since it may be booting, and the pause between two tries. */
const PATIENCE = { forMs: 30_000, pauseMs: 2_000 };
/** Longest wait for a host that reads one small file. */
const MACHINE_ID_TIMEOUT_MS = 30_000;
/** Hosts that this process has found gone: whatever else was on them need not wait again. */
const gone = new Set<string>();

/**
 * A session, or undefined, with a warning, when there is no host at that address any more. One unanswered try says
 * little, and what is on a host that counts as gone stays there when the host is back.
 */
export async function sessionIfThere(
    context: OperationContext,
    connection: Connection,
    patience = PATIENCE,
): Promise<HostSession | undefined> {
    const name = hostOfConnection(connection);
    const deadline = Date.now() + patience.forMs;
    for (;;) {
        try {
            const session = await context.session(connection);
            gone.delete(name);
            return session;
        } catch (error) {
            if (!isGone(error) || context.signal.aborted) throw error;
            if (gone.has(name) || Date.now() > deadline) {
                gone.add(name);
                context.log(
                    "warning",
                    `${(error as HostError).message} It counts as gone, and with it what was on it.`,
                );
                return undefined;
            }
            await sleep(patience.pauseMs, undefined, { signal: context.signal }).catch(() => undefined);
        }
    }
}

/** The host's machine-id, as it is now. */
export async function machineIdOf(context: OperationContext, session: HostSession): Promise<string> {
    const { stdout } = await session.exec("cat /etc/machine-id", {
        timeoutMs: MACHINE_ID_TIMEOUT_MS,
        signal: context.signal,
    });
    return stdout.trim();
}

/** Whether a step ran on the host that the resource was made on; on another one it did nothing. */
export function isMachine(context: OperationContext, answers: Answers, expected: string): boolean {
    const found = answers.machineId;
    if (expected === "" || found === expected) return true;
    context.log(
        "warning",
        `The host was rebuilt: its machine-id was ${expected} and is ${found}. What was on it is gone.`,
    );
    return false;
}

/**
 * Who a thing belongs to that a step has looked at; undefined when it is not there for this resource: the host was
 * rebuilt, or what an unfinished creation has left belongs to another one.
 */
export function foundOwnership(
    context: OperationContext,
    answers: Answers,
    { machineId, ownerId }: Ownership,
): Ownership | undefined {
    if (!isMachine(context, answers, machineId)) return undefined;
    const found = answers.machineId!;
    if (ownerId !== UNFINISHED.ownerId) return { machineId: found, ownerId };
    const owner = answers.recorded ?? "";
    return partsOfOwner(owner).urn === context.urn ? { machineId: found, ownerId: owner } : undefined;
}

/** The machine-id of the host that a change was made on. Throws when it was rebuilt since. */
export function expectMachine(host: string, answers: Answers, expected: string): string {
    const found = answers.machineId!;
    if (expected === "" || found === expected) return found;
    throw new HostError(
        host,
        "step",
        `it was rebuilt: its machine-id was ${expected} and is ${found}. Nothing was changed. Run up --refresh, which makes the resource anew.`,
    );
}

/** Says that a thing had another owner: another resource for the same thing, or this one under its former name. */
export function tellTakenFrom(context: OperationContext, answers: Answers, thing: string): void {
    if (answers.takenFrom === undefined) return;
    const { urn, number } = partsOfOwner(answers.takenFrom);
    // An earlier run was interrupted while it created the very same.
    if (urn === context.urn) return;
    context.log(
        "warning",
        `${thing} belonged to another Clearpath resource (${urn || number}) and was taken over. That is right after a rename; two resources for one thing overwrite each other.`,
    );
}
