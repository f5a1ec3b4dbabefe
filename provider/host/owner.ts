import { randomUUID } from "node:crypto";
import type { OperationContext } from "./operationContext.ts";

/** Who a thing on a host belongs to, and which host that is. */
export interface Ownership {
    /** The host's machine-id; empty while it is not known. */
    machineId: string;
    /** What the thing's record on the host says; empty while only the host knows it. */
    ownerId: string;
}

/** What is known of a thing whose creation an earlier run never finished. */
export const UNFINISHED: Ownership = { machineId: "", ownerId: "" };

/**
 * A new owner: the URN that the thing is made under, which tells whose it is where a run that was killed could not say,
 * and a number, which tells it from what comes after it under the same URN.
 */
export function newOwnership({ urn }: Pick<OperationContext, "urn">): Ownership {
    return { machineId: "", ownerId: `${urn} ${randomUUID()}` };
}

/** The two parts of an owner. */
export function partsOfOwner(ownerId: string): { urn: string; number: string } {
    const space = ownerId.lastIndexOf(" ");
    return { urn: ownerId.slice(0, Math.max(space, 0)), number: ownerId.slice(space + 1) };
}
