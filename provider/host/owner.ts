import { randomUUID } from "node:crypto";
import type { OperationContext } from "./operationContext.ts";

/** Which resource an object on a host belongs to, and which host that is. */
export interface Ownership {
    /** The host's machine-id; empty while it is not known. */
    machineId: string;
    /** The owner in the object's record on the host; empty while only the host knows it. */
    ownerId: string;
}

/** The ownership of an object whose creation an earlier run did not finish. */
export const UNFINISHED: Ownership = { machineId: "", ownerId: "" };

/**
 * A new owner. The URN of the resource says whose object it is, also when the run was killed before it could record that.
 * The number tells the object from a later one with the same URN.
 */
export function newOwnership({ urn }: Pick<OperationContext, "urn">): Ownership {
    return { machineId: "", ownerId: `${urn} ${randomUUID()}` };
}

/** The two parts of an owner. */
export function partsOfOwner(ownerId: string): { urn: string; number: string } {
    const space = ownerId.lastIndexOf(" ");
    return { urn: ownerId.slice(0, Math.max(space, 0)), number: ownerId.slice(space + 1) };
}
