import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { namespacePath } from "../topology.ts";

// Which processes belong to a lab is read from the kernel every time, never remembered: a process in one of the lab's
// network namespaces is the lab's, whoever started it and whatever became of the starter.

/** Process ids in any of the lab's network namespaces. This process and the shells it runs in are left out. */
export function processesIn(namespaces: readonly string[]): number[] {
    const inodes = new Set(namespaces.map(inodeOfNamespace).filter(inode => inode !== undefined));
    const own = new Set(ancestors());
    return allProcesses().filter(pid => !own.has(pid) && inodes.has(networkNamespaceOf(pid) ?? -1));
}

/** The first process of a booted host, as this machine numbers it; undefined when the host is not running. */
export function leaderOf(instance: string, host: string): number | undefined {
    const inode = inodeOfNamespace(namespacePath(instance, host));
    if (inode === undefined) return undefined;
    return allProcesses().find(pid => networkNamespaceOf(pid) === inode && isFirstOfItsNamespace(pid));
}

/** The same for a host that has to be running. */
export function requireLeader(instance: string, host: string): number {
    const leader = leaderOf(instance, host);
    if (leader !== undefined) return leader;
    throw new Error(`${host} of lab ${instance} is not running. Start the lab again with clearpath lab up.`);
}

/** Kills at once and waits until the kernel has let go of every one. */
export async function kill(list: () => readonly number[], what: string): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (let left = list(); left.length > 0; left = list()) {
        for (const pid of left) killNow(pid);
        if (Date.now() > deadline) {
            throw new Error(`${what}: processes ${left.join(", ")} do not end. End them by hand and try again.`);
        }
        await delay(20);
    }
}

function killNow(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

function allProcesses(): number[] {
    return readdirSync("/proc")
        .map(Number)
        .filter(pid => Number.isInteger(pid));
}

function networkNamespaceOf(pid: number): number | undefined {
    try {
        return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1]);
    } catch {
        return undefined; // It has ended, or is ending.
    }
}

function inodeOfNamespace(path: string): number | undefined {
    return existsSync(path) ? statSync(path).ino : undefined;
}

/** PID 1 of a PID namespace directly below ours: systemd of a host, not the first process of a container in it. */
function isFirstOfItsNamespace(pid: number): boolean {
    try {
        const numbers = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]?.split(/\s+/);
        return numbers?.length === 2 && numbers[1] === "1";
    } catch {
        return false;
    }
}

function ancestors(): number[] {
    const chain: number[] = [];
    for (let pid = process.pid; pid > 0; pid = parentOf(pid)) chain.push(pid);
    return chain;
}

function parentOf(pid: number): number {
    try {
        return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
        return 0;
    }
}
