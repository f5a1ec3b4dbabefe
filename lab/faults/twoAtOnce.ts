import { startRun } from "./faultedRun.ts";
import { faultStack } from "./faultStack.ts";
import type { Lane } from "./lane.ts";

const HARMLESS = "chain input { type filter hook input priority 300; counter; }\n";

/** A second run on a stack that is being worked on has to name the first, and leave everything alone. */
export async function tryOneState(lane: Lane): Promise<string[]> {
    const first = await lane.start("update", { stopAt: 1 });
    await first.stopped;
    const holder = `process ${first.processes()[0]!.pid}`;
    const second = await lane.finish("update");
    first.goOn();
    const end = await first.ended;
    const said = second.messages.join("; ");
    const lost: string[] = [];
    if (second.ok || !said.includes("is locked by") || !said.includes(holder))
        lost.push(`the second run does not name ${holder}: ${said}`);
    if (end?.ok !== true) lost.push(`the first run failed: ${end?.messages.join("; ")}`);
    return [...lost, ...(await lane.differences("update"))];
}

/** Two stacks on the same hosts, at the same time, have to wait for each other step by step. */
export async function tryOneHost(lane: Lane): Promise<string[]> {
    const other = faultStack(lane.lab, "other", lane.stack.hosts);
    await other.configure({ generation: 0, cut: HARMLESS });
    const ends = await Promise.all([lane.finish("create"), startRun(lane.lab, other, "up").ended]);
    const undone = await startRun(lane.lab, other, "destroy").ended;
    await other.remove();
    const failed = [...ends, undone]
        .filter(end => end?.ok !== true)
        .map(end => `a run failed: ${end?.messages.join("; ")}`);
    return [...failed, ...(await lane.differences("create"))];
}
