import type { Lab } from "../network/lab.ts";
import type { LabHost } from "../network/topology.ts";
import type { Kind } from "./fault.ts";
import type { FaultedRun } from "./faultedRun.ts";
import type { FaultStack } from "./faultStack.ts";
import { isAlive, killAll, type OwnProcess } from "./processTree.ts";

const PLUGIN = /provider\/(plugin\.ts|pulumi-resource-clearpath)/;

/**
 * Strikes a run that stands still. `host` is the one that loses its power. Returns the run's processes as they were, to
 * be waited for.
 */
export async function strike(
    kind: Kind,
    { lab, stack, run, host }: { lab: Lab; stack: FaultStack; run: FaultedRun; host: LabHost },
): Promise<OwnProcess[]> {
    const processes = run.processes();
    switch (kind) {
        case "runner":
            killAll(processes);
            break;
        case "engine":
            killAll(processes.slice(0, 1));
            break;
        case "plugin":
            killAll(processes.filter(({ command }) => PLUGIN.test(command)));
            break;
        case "connection":
            await Promise.all(stack.hosts.map(each => cutConnections(lab, each)));
            break;
        case "host":
            await lab.reboot(host);
    }
    return processes;
}

/** Ends the SSH server's side of every connection to a host; what they had started goes on. */
async function cutConnections(lab: Lab, host: LabHost): Promise<void> {
    const { stdout } = await lab.exec(host, ["ps", "-e", "-o", "pid=,args="]);
    const sessions = stdout
        .split("\n")
        .map(line => /^\s*(\d+) sshd: root/.exec(line)?.[1])
        .filter(pid => pid !== undefined);
    if (sessions.length > 0) await lab.exec(host, ["kill", "-KILL", ...sessions]);
}

/** Waits for processes of a struck run to end by themselves: a plugin without its engine takes back what it does. */
export async function ended(processes: readonly OwnProcess[], withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    while (processes.some(isAlive)) {
        if (Date.now() > deadline) return false;
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    return true;
}
