import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { ORGANIZATION, type StackPlace } from "./stateFile.ts";

/** A lock file of Pulumi's file backend; `started` is ours and tells a holder from a later process of the same number. */
interface LockContent {
    pid: number;
    username: string;
    hostname: string;
    timestamp: string;
    started?: string;
}

/** Another run holds the stack. */
export class StackLocked extends Error {
    override name = "StackLocked";
}

/** When a process began, by the kernel's count since boot; undefined when there is no such process. */
function startOf(pid: number): string | undefined {
    try {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
        return fields[19];
    } catch {
        return undefined;
    }
}

function isDead(lock: LockContent): boolean {
    if (lock.hostname !== hostname()) return false;
    const started = startOf(lock.pid);
    return started === undefined || (lock.started !== undefined && lock.started !== started);
}

/** A lock file's content; undefined for one that is gone, or that its writer did not come to fill. */
function lockIn(text: string): LockContent | undefined {
    try {
        return JSON.parse(text) as LockContent;
    } catch {
        return undefined;
    }
}

function locksOf({ stateDirectory, project, stack }: StackPlace): string {
    return join(stateDirectory, ".pulumi", "locks", ORGANIZATION, project, stack);
}

/** Removes the locks on a stack whose holders no longer live, such as a Pulumi CLI that was killed; tells of each. */
export async function removeStaleLocks(place: StackPlace, onStale: (sentence: string) => void): Promise<void> {
    await otherLocks(locksOf(place), undefined, onStale);
}

/** The other holders' locks; those of processes that no longer live are removed, and told through `onStale`. */
async function otherLocks(
    directory: string,
    own: string | undefined,
    onStale: (sentence: string) => void,
): Promise<LockContent[]> {
    const held: LockContent[] = [];
    for (const name of await readdir(directory).catch(() => [])) {
        if (name === own || !name.endsWith(".json")) continue;
        const file = join(directory, name);
        const lock = lockIn(await readFile(file, "utf8").catch(() => ""));
        if (lock === undefined) continue;
        if (isDead(lock)) {
            await rm(file, { force: true });
            onStale(
                `A lock of ${lock.username} (process ${lock.pid}, since ${lock.timestamp}) was removed: that process no longer runs.`,
            );
        } else held.push(lock);
    }
    return held;
}

/**
 * Takes the stack for this process, by the same lock files as `pulumi` with a file backend. Returns what gives it back.
 * Throws `StackLocked` naming the holder when another run has it.
 */
export async function lockStack(place: StackPlace, onStale: (sentence: string) => void): Promise<() => Promise<void>> {
    const directory = locksOf(place);
    const own = `${randomUUID()}.json`;
    const content: LockContent = {
        pid: process.pid,
        username: userInfo().username,
        hostname: hostname(),
        timestamp: new Date().toISOString(),
        started: startOf(process.pid),
    };
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `${own}.new`), JSON.stringify(content));
    await rename(join(directory, `${own}.new`), join(directory, own));
    const release = () => rm(join(directory, own), { force: true });
    const held = await otherLocks(directory, own, onStale);
    if (held.length > 0) {
        await release();
        const holders = held.map(
            lock => `${lock.username}@${lock.hostname}, process ${lock.pid}, since ${lock.timestamp}`,
        );
        throw new StackLocked(
            `Stack ${place.stack} is locked by ${holders.join(" and ")}. Nothing was done. Wait for that run to end, or remove ${directory} if it is gone.`,
        );
    }
    return release;
}
