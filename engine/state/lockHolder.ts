import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** PID namespace of the kernel itself, from which every process is seen (PROC_PID_INIT_INO in linux/proc_ns.h). */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** The process that wrote a lock file. A Pulumi CLI writes only its number and its host's name. */
export interface LockHolder {
    pid: number;
    hostname: string;
    /** Id of the system's installation (machine-id(5)). */
    machineId?: string;
    /** Id of the kernel's boot, the same in every container on it. */
    boot?: string;
    /** The namespace that the number is of. */
    pidNamespace?: string;
    /** Tells the process from a later one of the same number. */
    started?: string;
}

/** What can be seen of processes from here. Undefined is what this system does not tell. */
export interface Machine {
    hostname: string;
    machineId: string | undefined;
    boot: string | undefined;
    pidNamespace: string | undefined;
    /** When a process of our namespace began; undefined when there is none. */
    startOf(pid: number): string | undefined;
    /** Numbers that the processes of every namespace have in their own. */
    numbersEverywhere(): ReadonlySet<number> | undefined;
}

/**
 * Whether a lock's holder is known to run no longer. A container shares its host's name and boot but not its process
 * numbers, so a number counts in its own namespace only; what cannot be known counts as alive.
 */
export function isKnownDead(holder: LockHolder, machine: Machine): boolean {
    if (holder.hostname !== machine.hostname) return false;
    const { machineId, boot, pidNamespace } = holder;
    if (boot === undefined || pidNamespace === undefined) {
        if (machine.pidNamespace !== FIRST_PID_NAMESPACE) return false;
        return machine.numbersEverywhere()?.has(holder.pid) === false;
    }
    const hasRebooted = machineId !== undefined && machineId === machine.machineId && boot !== machine.boot;
    if (hasRebooted && machine.boot !== undefined) return true;
    if (boot !== machine.boot || pidNamespace !== machine.pidNamespace) return false;
    const started = machine.startOf(holder.pid);
    return started === undefined || (holder.started !== undefined && holder.started !== started);
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
    hostname: hostname(),
    machineId: readOr(() => readFileSync("/etc/machine-id", "utf8").trim()) || undefined,
    boot: readOr(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: readOr(() => readlinkSync("/proc/self/ns/pid")),
    startOf: startOfProcess,
    numbersEverywhere,
};

/** When a process began, in the kernel's ticks since boot; undefined when none of that number runs. */
export function startOfProcess(pid: number): string | undefined {
    const [state, ...fields] =
        readOr(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
            ?.split(") ")
            .at(-1)
            ?.split(" ") ?? [];
    return state === "Z" ? undefined : fields[18];
}

/** Undefined when a process is hidden from us, as `hidepid` of proc(5) does. */
function numbersEverywhere(): ReadonlySet<number> | undefined {
    const numbers = new Set<number>();
    try {
        for (const name of readdirSync("/proc").filter(entry => /^\d+$/.test(entry))) {
            for (const number of namespaceNumbers(name)) numbers.add(number);
        }
    } catch {
        return undefined;
    }
    return numbers.has(1) ? numbers : undefined;
}

/** The numbers of one process, one for each namespace it is in. Throws when it is there and may not be looked at. */
function namespaceNumbers(pid: string): number[] {
    try {
        const line = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? pid;
        return line.split(/\s+/).map(Number);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ESRCH") return [];
        throw error;
    }
}

function readOr(read: () => string): string | undefined {
    try {
        return read();
    } catch {
        return undefined;
    }
}
