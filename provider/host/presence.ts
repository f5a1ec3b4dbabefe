import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, hostOfConnection } from "./connection.ts";
import { HostError, isGone } from "./hostError.ts";
import type { OperationContext } from "./operationContext.ts";
import { type Ownership, partsOfOwner, UNFINISHED } from "./owner.ts";
import type { HostSession } from "./session.ts";
import type { Answers } from "./step.ts";

/** How long a host that may be booting is tried before it counts as gone, and the pause between two tries. */
const PATIENCE = { forMs: 30_000, pauseMs: 2_000 };
/** Longest wait for a host that reads one small file. */
const MACHINE_ID_TIMEOUT_MS = 30_000;
/** Hosts that this process has found gone: other resources on them need not wait again. */
const gone = new Set<string>();

/**
 * A session, or undefined with a warning when no host answers at that address any more. Several tries are made, because
 * what is on a host that counts as gone is not removed, and is still there when the host comes back.
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
                    `${(error as HostError).message} Clearpath treats the host as gone, and with it all resources on it.`,
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

/** Whether a step ran on the host that the resource was created on. On any other host the step did nothing. */
export function isMachine(context: OperationContext, answers: Answers, expected: string): boolean {
    const found = answers.machineId;
    if (expected === "" || found === expected) return true;
    context.log(
        "warning",
        `The host was rebuilt: its machine-id was ${expected} and is ${found}. The resources that were on it are gone.`,
    );
    return false;
}

/**
 * The owner of an object that a step has read. Undefined when the object does not belong to this resource: the host was
 * rebuilt, or the object of an unfinished creation belongs to another resource.
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

/** The machine-id of the host that was changed. Throws a HostError when the host was rebuilt. */
export function expectMachine(host: string, answers: Answers, expected: string): string {
    const found = answers.machineId!;
    if (expected === "" || found === expected) return found;
    throw new HostError(
        host,
        "step",
        `it was rebuilt: its machine-id was ${expected} and is ${found}. Nothing was changed. Run up --refresh, which creates the resource again.`,
    );
}

/** Warns that an object had another owner: another resource, or this one under its former name. */
export function tellTakenFrom(context: OperationContext, answers: Answers, thing: string): void {
    if (answers.takenFrom === undefined) return;
    const { urn, number } = partsOfOwner(answers.takenFrom);
    // An earlier run was interrupted while it created this resource.
    if (urn === context.urn) return;
    context.log(
        "warning",
        `${thing} belonged to another Clearpath resource (${urn || number}) and was taken over. After a rename this is expected. Otherwise two resources manage the same thing and overwrite each other: remove one of them.`,
    );
}
