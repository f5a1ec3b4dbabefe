import type { StackConfig } from "../../components/config/stackConfig.ts";
import { CouldNotRun } from "../exit.ts";
import { stackConfigOf } from "../probe/targets.ts";
import type { Subject } from "./stage.ts";

export type StackNode = StackConfig["nodes"][number];

/** The nodes of the stack that the plan rebuilds. Throws `CouldNotRun` for a name that the stack does not have. */
export async function rebuiltNodes({ stack, cwd, plan }: Subject): Promise<StackNode[]> {
    const { nodes } = await stackConfigOf(stack, cwd);
    const { hosts } = plan.plan;
    if (hosts === undefined) return nodes;
    return hosts.map(name => {
        const node = nodes.find(candidate => candidate.name === name);
        if (node) return node;
        throw new CouldNotRun(
            `${plan.file}: hosts: stack ${stack} has no node "${name}". Nothing was done. It has ${nodes.map(node => node.name).join(", ")}.`,
        );
    });
}
