import type { OperationContext } from "../resource.ts";
import type { Connection } from "./connection.ts";
import { HostError, isGone } from "./hostError.ts";
import type { HostSession } from "./session.ts";
import type { Answers } from "./step.ts";

/** A session, or undefined, with a warning, when there is no host at that address any more. */
export async function sessionIfThere(
    context: OperationContext,
    connection: Connection,
): Promise<HostSession | undefined> {
    try {
        return await context.session(connection);
    } catch (error) {
        if (!isGone(error)) throw error;
        context.log("warning", `${(error as HostError).message} It counts as gone, and with it what was on it.`);
        return undefined;
    }
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
    context.log(
        "warning",
        `${thing} belonged to another Clearpath resource (${answers.takenFrom}) and was taken over. That is right after a rename; two resources for one thing overwrite each other.`,
    );
}
