import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { namespacePath, pathLink } from "../network/topology.ts";
import type { BenchPath, Direction } from "./benchPath.ts";

const WIRE = fileURLToPath(new URL("./wire.py", import.meta.url));
/** Of the lab's forwarder: both enter namespaces. */
const LAB_PROGRAMS = fileURLToPath(new URL("../network/isp", import.meta.url));

/** Runs something and counts the oversize packets that crossed the path's ends meanwhile: see wire.py. */
export async function countingOversize<T>(
    path: BenchPath,
    floor: number,
    action: () => Promise<T>,
): Promise<{ value: T; oversize: Record<Direction, number> }> {
    const ends = ["isp", "internet"].map(host => namespacePath(path.instance, host));
    const argv = ["-S", "-B", WIRE, ...ends, pathLink(0).name, String(floor)];
    const env = { ...process.env, PYTHONPATH: LAB_PROGRAMS };
    const counter = spawn("/usr/bin/python3", argv, { stdio: ["pipe", "pipe", "inherit"], env });
    const ended = once(counter, "exit");
    const lines = createInterface({ input: counter.stdout })[Symbol.asyncIterator]();
    try {
        if ((await lines.next()).value !== "ready") throw new Error("The packet counter did not start.");
        const value = await action();
        counter.stdin.end();
        return { value, oversize: JSON.parse((await lines.next()).value ?? "") };
    } finally {
        counter.kill();
        await ended;
    }
}
