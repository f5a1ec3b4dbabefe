import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** A kernel lock on a file: the kernel releases it when the process that holds it ends, for any reason. */
export interface Lock {
    release(): Promise<void>;
}

const CONFLICT = 9;

/**
 * Takes the lock, waiting at most `waitSeconds`. `holderOf` names what is locked, for the error that says who has it.
 * Node has no flock of its own: a child of flock(1) holds the lock as long as its standard input is open, which is as
 * long as this process lives.
 */
export async function lock(file: string, what: string, waitSeconds: number): Promise<Lock> {
    await mkdir(dirname(file), { recursive: true });
    const wait = ["--wait", String(waitSeconds), "--conflict-exit-code", String(CONFLICT)];
    const child = spawn("flock", ["--exclusive", ...wait, file, "sh", "-c", "echo held; exec cat"], {
        stdio: ["pipe", "pipe", "ignore"],
        detached: true,
    });
    const code = await heldOrCode(child);
    if (code === CONFLICT) {
        const holder = (await readFile(file, "utf8")).trim();
        throw new Error(
            `${what} is in use by process ${holder}. Nothing was done. Wait until that process ends, or end it.`,
        );
    }
    if (code !== undefined) throw new Error(`${what} cannot be locked: flock ended with code ${code} on ${file}.`);
    await writeFile(file, `${process.pid}\n`);
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
    return {
        release: () =>
            new Promise(resolve => {
                child.ref();
                child.on("close", () => resolve());
                child.stdin?.end();
                child.stdout?.resume();
            }),
    };
}

/** Runs an action that no other process may be doing at the same time, waiting for that one to end. */
export async function withLock<T>(file: string, what: string, action: () => Promise<T>): Promise<T> {
    const held = await lock(file, what, 600);
    try {
        return await action();
    } finally {
        await held.release();
    }
}

function heldOrCode(child: ChildProcess): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
        child.stdout?.once("data", () => resolve(undefined));
        child.once("error", error =>
            reject(new Error(`flock cannot be started: ${error.message}. Install util-linux.`)),
        );
        child.once("exit", code => resolve(code ?? 1));
    });
}
