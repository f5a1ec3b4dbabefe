import type { IdOfCreation } from "../../engine/plan/unfinished.ts";
import { kinds } from "../../provider/kinds.ts";

/** Stands for an id that nobody needs: of what leaves nothing on any host, or of inputs that are hidden. */
const WITHOUT_ID = "unfinished";

/** The ids of Clearpath's own resources: its plugin finds on the host what an interrupted creation has left. */
export const idOfCreation: IdOfCreation = ({ type, inputs }) => {
    const kind = kinds.find(({ token }) => token === type);
    if (kind === undefined) return undefined;
    const parsed = kind.inputs.safeParse(inputs);
    return (parsed.success && kind.idOf?.(parsed.data)) || WITHOUT_ID;
};
