import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockStack, removeStaleLocks, StackLocked } from "../../../engine/state/lock.ts";

/** A PID namespace of its own with the host's name and network, as a container with the host's network has. */
const ISOLATED = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const canIsolate = spawnSync("unshare", [...ISOLATED, "true"]).status === 0;

let stateDirectory: string;
beforeEach(() => {
    stateDirectory = mkdtempSync(join(tmpdir(), "clearpath-lock-"));
});
afterEach(() => rmSync(stateDirectory, { recursive: true, force: true }));

const place = () => ({ stateDirectory, project: "p", stack: "dev" });
const locks = () => join(stateDirectory, ".pulumi", "locks", "organization", "p", "dev");

/** Runs a module in a PID namespace of its own until its first output; the returned function ends it. */
async function isolated(source: string): Promise<() => Promise<void>> {
    const child = spawn("unshare", [...ISOLATED, process.execPath, "--input-type=module", "--eval", source], {
        cwd: join(import.meta.dirname, "..", "..", ".."),
        stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    return async () => {
        const closed = once(child, "close");
        child.kill("SIGKILL");
        await closed;
    };
}

function numberThatIsFreeHere(): number {
    for (let number = 1_000; ; number++) if (!existsSync(`/proc/${number}`)) return number;
}

describe.runIf(canIsolate)("a stack that a container with its host's name has locked", () => {
    test("stays locked for the host, which does not see the container's process numbers", async () => {
        const end = await isolated(`
            import { lockStack } from "./engine/state/lock.ts";
            await lockStack(${JSON.stringify(place())}, () => {});
            process.stdin.resume();
            console.log("held");`);
        try {
            await expect(lockStack(place(), () => {})).rejects.toThrow(StackLocked);
            expect(readdirSync(locks())).toHaveLength(1);
        } finally {
            await end();
        }
    });

    test("stays locked for the host when a Pulumi CLI in the container holds it", async () => {
        const number = numberThatIsFreeHere();
        const end = await isolated(`
            import { spawn } from "node:child_process";
            import { mkdirSync, writeFileSync } from "node:fs";
            writeFileSync("/proc/sys/kernel/ns_last_pid", ${JSON.stringify(String(number - 1))});
            const { pid } = spawn("sleep", ["600"]);
            const lock = { pid, username: "root", hostname: ${JSON.stringify(hostname())}, timestamp: "2026-01-01T00:00:00Z" };
            mkdirSync(${JSON.stringify(locks())}, { recursive: true });
            writeFileSync(${JSON.stringify(join(locks(), "pulumi.json"))}, JSON.stringify(lock));
            console.log("held");`);
        try {
            expect(JSON.parse(readFileSync(join(locks(), "pulumi.json"), "utf8")).pid).toBe(number);
            await removeStaleLocks(place(), () => {});
            expect(readdirSync(locks())).toEqual(["pulumi.json"]);
        } finally {
            await end();
        }
    });
});

test("the lock of a process of ours that was killed locks nobody out", async () => {
    const child = spawn("sleep", ["600"]);
    const release = await lockStack(place(), () => {});
    const [own] = readdirSync(locks());
    const content = JSON.parse(readFileSync(join(locks(), own!), "utf8"));
    await release();
    mkdirSync(locks(), { recursive: true });
    child.kill("SIGKILL");
    await once(child, "close");
    writeFileSync(join(locks(), "dead.json"), JSON.stringify({ ...content, pid: child.pid }));
    const told: string[] = [];

    await (await lockStack(place(), sentence => told.push(sentence)))();

    expect(told).toEqual([expect.stringContaining(`(process ${child.pid}, since`)]);
    expect(readdirSync(locks())).toEqual([]);
});
