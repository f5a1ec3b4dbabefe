import type { Connection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { isMachine, machineIdOf, sessionIfThere } from "../host/presence.ts";

/** Whether the machine that a probe ran on is still there. If it is not, its result is gone with it, and a new one is made. */
export async function machineIsThere(
    context: OperationContext,
    { inputs, outputs }: { inputs: { connection: Connection }; outputs: { machineId: string } },
): Promise<boolean> {
    const session = await sessionIfThere(context, inputs.connection);
    if (session === undefined) return false;
    return isMachine(context, { machineId: await machineIdOf(context, session) }, outputs.machineId);
}
