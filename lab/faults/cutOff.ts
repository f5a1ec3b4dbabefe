import { setTimeout as delay } from "node:timers/promises";
import type { FaultedRun, RunEnd } from "./faultedRun.ts";
import type { Lane } from "./lane.ts";

/** A change that is dangerous, or only looks so, and what has to become of it. */
export interface CutOff {
    name: string;
    /** Body of an nftables table on the lane's first host. */
    table: string;
    /** What happens while the host waits for the confirmation, beside the change. */
    meanwhile?: "runner killed" | "host rebooted";
    /** Whether the change has to be in force in the end, or taken back. */
    stays: boolean;
}

const dropping = (hook: string, what: string) =>
    `chain ${hook} { type filter hook ${hook} priority -300; ${what} counter drop; }\n`;
const NO_SSH = dropping("input", "tcp dport 22");

/** The changes that commit-confirm is for, and two that it must let stand. */
export const CUT_OFFS: readonly CutOff[] = [
    { name: "cuts SSH", table: NO_SSH, stays: false },
    { name: "cuts new connections only", table: dropping("input", "tcp dport 22 ct state new"), stays: false },
    {
        name: "drops large packets to the host",
        table: dropping("input", "tcp dport 22 meta length > 1300"),
        stays: false,
    },
    {
        name: "drops large packets from the host",
        table: dropping("output", "tcp sport 22 meta length > 1300"),
        stays: false,
    },
    { name: "cuts SSH, and the runner is killed", table: NO_SSH, meanwhile: "runner killed", stays: false },
    { name: "cuts SSH, and the host reboots", table: NO_SSH, meanwhile: "host rebooted", stays: false },
    {
        name: "is harmless, and the runner is killed",
        table: dropping("input", "tcp dport 9"),
        meanwhile: "runner killed",
        stays: false,
    },
    {
        name: "makes connecting slow",
        table: dropping("input", "tcp dport 22 tcp flags syn / syn,ack numgen inc mod 3 != 2"),
        stays: true,
    },
    {
        name: "loses one packet in ten",
        table: dropping("input", "tcp dport 22 numgen random mod 10 == 0"),
        stays: true,
    },
];

/** Tries one change on a lane whose stack is up. Returns what was lost, in words; nothing when all went as it has to. */
export async function tryCutOff(lane: Lane, { table, meanwhile, stays }: CutOff): Promise<string[]> {
    const [host] = lane.stack.hosts;
    const run = await lane.start("create", { cut: table });
    const lost: string[] = [];
    if (meanwhile !== undefined) {
        if (!(await appears(lane, run))) lost.push("it was never in force");
        if (meanwhile === "runner killed") run.kill();
        else await lane.lab.reboot(host);
    }
    const end = await run.ended;

    if (stays && end?.ok !== true) lost.push(`the harmless change was taken back: ${words(end)}`);
    if (!stays && end?.ok === true) lost.push("the run reported success");
    if (stays && !(await isThere(lane))) lost.push("it is not in force");
    if (!stays && meanwhile === undefined && !/everything is as it was/.test(words(end)))
        lost.push(`the run does not say what state the host is in: ${words(end)}`);
    // Before another run comes near the host.
    if (!stays) lost.push(...(await lane.differences("create")));
    const next = await lane.finish("create");
    if (!next.ok) lost.push(`the next run failed: ${words(next)}`);
    return [...lost, ...(await lane.differences("create"))];
}

function words(end: RunEnd | undefined): string {
    return end?.messages.join("; ") ?? "the run was killed";
}

/** Waits until the change is made; false when the run ends without it. */
async function appears(lane: Lane, run: FaultedRun): Promise<boolean> {
    let over = false;
    void run.ended.then(() => {
        over = true;
    });
    while (!(await isThere(lane))) {
        if (over) return false;
        await delay(20);
    }
    return true;
}

async function isThere(lane: Lane): Promise<boolean> {
    const { stdout } = await lane.lab.exec(lane.stack.hosts[0], ["nft", "list", "tables"]);
    return stdout.includes("table inet cut");
}
