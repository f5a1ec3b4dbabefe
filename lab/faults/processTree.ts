import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process of ours. Its start tells it from a later one of the same number. */
export interface OwnProcess {
    pid: number;
    command: string;
    started: string;
}

/** A process and every process that it, or one of those, has started: itself first. */
export function descendantsOf(pid: number): OwnProcess[] {
    const all = readdirSync("/proc")
        .filter(name => /^\d+$/.test(name))
        .flatMap(name => processOf(Number(name)) ?? []);
    const family = new Set([pid]);
    for (let size = 0; size < family.size; ) {
        size = family.size;
        for (const { pid: child, parent } of all) if (family.has(parent)) family.add(child);
    }
    const found = all.filter(process => family.has(process.pid));
    return found.sort((one, other) => Number(other.pid === pid) - Number(one.pid === pid));
}

/** Ends processes at once; those that are gone already are none of ours any more. */
export function killAll(processes: readonly OwnProcess[]): void {
    for (const one of processes) if (isAlive(one)) process.kill(one.pid, "SIGKILL");
}

/** Whether it still runs, and is not another one of the same number. */
export function isAlive({ pid, started }: OwnProcess): boolean {
    const now = processOf(pid);
    return now !== undefined && now.started === started && now.state !== "Z";
}

/** Waits until a process that is about to stop itself has: a SIGCONT that comes before would be lost. */
export async function standsStill(pid: number): Promise<void> {
    const moves = () => !["T", "Z", undefined].includes(processOf(pid)?.state);
    while (moves()) await delay(5);
}

function processOf(pid: number): (OwnProcess & { parent: number; state: string }) | undefined {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The name in parentheses may hold anything; the fields after it are those of proc_pid_stat(5) from the third on.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return { pid, command, started: fields[19]!, parent: Number(fields[1]), state: fields[0]! };
    } catch {
        return undefined;
    }
}
