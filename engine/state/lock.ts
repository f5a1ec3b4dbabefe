import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { isKnownDead, type LockHolder, thisMachine } from "./lockHolder.ts";
import { ORGANIZATION, type StackPlace } from "./stateFile.ts";

/** A lock file of Pulumi's file backend. Pulumi reads only the fields that it writes itself. */
interface LockContent extends LockHolder {
    username: string;
    timestamp: string;
}

/** Another run holds the stack. */
export class StackLocked extends Error {
    override name = "StackLocked";
}

/** A lock file's content; undefined for a file that is gone, or that its writer never finished. */
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

/** Removes the locks on a stack whose holders are known to run no longer, such as a Pulumi CLI that was killed. */
export async function removeStaleLocks(place: StackPlace, onStale: (sentence: string) => void): Promise<void> {
    await otherLocks(locksOf(place), undefined, onStale);
}

/** The other holders' locks. Those of processes known to run no longer are removed, and `onStale` hears of each. */
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
        if (isKnownDead(lock, thisMachine)) {
            await rm(file, { force: true });
            onStale(
                `A lock of ${lock.username} (process ${lock.pid}, since ${lock.timestamp}) was removed, because that process no longer runs.`,
            );
        } else held.push(lock);
    }
    return held;
}

/**
 * Takes the stack for this process, by the same lock files as `pulumi` with a file backend. Returns what releases it.
 * Throws `StackLocked` naming the holder when another run has it.
 */
export async function lockStack(place: StackPlace, onStale: (sentence: string) => void): Promise<() => Promise<void>> {
    const directory = locksOf(place);
    const own = `${randomUUID()}.json`;
    const content: LockContent = {
        pid: process.pid,
        username: userInfo().username,
        hostname: thisMachine.hostname,
        timestamp: new Date().toISOString(),
        machineId: thisMachine.machineId,
        boot: thisMachine.boot,
        pidNamespace: thisMachine.pidNamespace,
        started: thisMachine.startOf(process.pid),
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
            `Stack ${place.stack} is locked by ${holders.join(" and ")}. Nothing was done. Wait until that run ends. If that process no longer runs, remove ${directory}.`,
        );
    }
    return release;
}
