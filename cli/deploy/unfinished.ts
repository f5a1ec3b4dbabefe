import type { IdOfCreation } from "../../engine/plan/unfinished.ts";
import { kinds } from "../../provider/kinds.ts";

/** Stands for an id that nobody needs: the resource puts nothing on a host, or its inputs are hidden. */
const WITHOUT_ID = "unfinished";

/** The ids of Clearpath's own resources: their plugin looks on the host for the parts that an interrupted creation made. */
export const idOfCreation: IdOfCreation = ({ type, inputs }) => {
    const kind = kinds.find(({ token }) => token === type);
    if (kind === undefined) return undefined;
    const parsed = kind.inputs.safeParse(inputs);
    return (parsed.success && kind.idOf?.(parsed.data)) || WITHOUT_ID;
};
