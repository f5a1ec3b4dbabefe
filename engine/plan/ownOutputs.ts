import { Unsupported } from "../protocol/unsupported.ts";
import type { PropertyMap } from "../protocol/values.ts";
import { ORGANIZATION } from "../state/stateFile.ts";
import type { Run } from "./run.ts";

/** The engine's own function that reads a stack's resources, as they were before the run. */
export const READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs";

/**
 * Type and outputs of every resource of this stack by URN, as the run found them. Of another stack it knows nothing, and
 * says so.
 */
export function outputsBefore({ stack, project, snapshot }: Run, { stackName }: PropertyMap): PropertyMap {
    if (stackName !== stack && stackName !== `${ORGANIZATION}/${project}/${stack}`)
        throw new Unsupported(`outputs of the stack ${String(stackName)}`, "The program");
    const living = snapshot.base.filter(resource => !resource.delete);
    const outputs = Object.fromEntries(living.map(({ urn, type, outputs }) => [urn, { type, outputs }]));
    return { name: stackName, outputs };
}
