import { describe, expect, test } from "vitest";
import { isKnownDead, type LockHolder, type Machine } from "../../../../engine/state/lockHolder.ts";

const FIRST = "pid:[4026531836]";
const CONTAINER = "pid:[4026532178]";

/** A machine where process 10 of the first namespace began at tick 700, and a container has a process 3. */
const machine: Machine = {
    hostname: "runner",
    machineId: "m1",
    boot: "b1",
    pidNamespace: FIRST,
    startOf: pid => (pid === 10 ? "700" : undefined),
    numbersEverywhere: () => new Set([1, 10, 11, 3]),
};
const ours: LockHolder = {
    pid: 10,
    hostname: "runner",
    machineId: "m1",
    boot: "b1",
    pidNamespace: FIRST,
    started: "700",
};
const pulumi: LockHolder = { pid: 10, hostname: "runner" };
const inContainer: Machine = { ...machine, pidNamespace: CONTAINER };

describe("the holder of a lock that Clearpath wrote", () => {
    test.each<[string, boolean, LockHolder, Machine]>([
        ["lives while its process runs", false, ours, machine],
        ["is dead when its process is gone", true, { ...ours, pid: 12 }, machine],
        [
            "is dead when its process is gone that noted no start",
            true,
            { ...ours, pid: 12, started: undefined },
            machine,
        ],
        ["is dead when a later process has its number", true, { ...ours, started: "400" }, machine],
        ["is dead when its machine has booted since", true, { ...ours, boot: "b0" }, machine],
        [
            "may live on another machine of the same name",
            false,
            { ...ours, machineId: "m2", boot: "b2", pid: 12 },
            machine,
        ],
        ["may live on a machine of another name", false, { ...ours, hostname: "laptop", pid: 12 }, machine],
        ["may live in a container with its host's name", false, { ...ours, pid: 3, pidNamespace: CONTAINER }, machine],
        ["may live on the host, as seen from a container", false, { ...ours, pid: 12 }, inContainer],
        ["may live where the system does not tell its boot", false, ours, { ...machine, boot: undefined }],
    ])("%s", (_, dead, holder, here) => {
        expect(isKnownDead(holder, here)).toBe(dead);
    });
});

describe("the holder of a lock that the Pulumi CLI wrote", () => {
    test.each<[string, boolean, LockHolder, Machine]>([
        ["lives while a process has its number", false, pulumi, machine],
        ["is dead when no process has its number in any namespace", true, { ...pulumi, pid: 12 }, machine],
        ["may live in a container with its host's name", false, { ...pulumi, pid: 3 }, machine],
        ["may live on the host, as seen from a container", false, { ...pulumi, pid: 12 }, inContainer],
        [
            "may live where processes are hidden",
            false,
            { ...pulumi, pid: 12 },
            { ...machine, numbersEverywhere: () => undefined },
        ],
        [
            "may live on a system without PID namespaces",
            false,
            { ...pulumi, pid: 12 },
            { ...machine, pidNamespace: undefined },
        ],
    ])("%s", (_, dead, holder, here) => {
        expect(isKnownDead(holder, here)).toBe(dead);
    });
});
