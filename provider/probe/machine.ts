import type { Connection } from "../host/connection.ts";
import type { OperationContext } from "../host/operationContext.ts";
import { isMachine, sessionIfThere } from "../host/presence.ts";

/** Whether the machine that a probe ran on is still there. Otherwise its result is gone with it, and made anew. */
export async function machineIsThere(
    context: OperationContext,
    { inputs, outputs }: { inputs: { connection: Connection }; outputs: { machineId: string } },
): Promise<boolean> {
    const session = await sessionIfThere(context, inputs.connection);
    if (session === undefined) return false;
    const { stdout } = await session.exec("cat /etc/machine-id");
    return isMachine(context, { machineId: stdout.trim() }, outputs.machineId);
}
