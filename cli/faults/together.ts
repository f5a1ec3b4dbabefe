import { faultStack } from "../../lab/faults/faultStack.ts";
import { type HostTraces, tracesDiffer, tracesOf } from "../../lab/faults/traces.ts";
import { NODE_LINK } from "../../lab/topology.ts";
import { startRun } from "./faultedRun.ts";
import type { Lane } from "./lane.ts";

const HARMLESS = "chain input { type filter hook input priority 300; counter; }\n";

/** A second run on a stack that is being worked on has to name the first, and leave everything alone. */
export async function tryOneState(lane: Lane): Promise<string[]> {
    const first = await lane.start("update", { stopAt: 1 });
    await first.stopped;
    const holder = `process ${first.processes()[0]!.pid}`;
    const second = await lane.finish("update");
    first.goOn();
    const end = await first.ended;
    const said = second.messages.join("; ");
    const lost: string[] = [];
    if (second.ok || !said.includes("is locked by") || !said.includes(holder))
        lost.push(`the second run does not name ${holder}: ${said}`);
    if (end?.ok !== true) lost.push(`the first run failed: ${end?.messages.join("; ")}`);
    return [...lost, ...(await lane.differences("update"))];
}

/** Two stacks on the same hosts, at the same time, have to wait for each other step by step. */
export async function tryOneHost(lane: Lane): Promise<string[]> {
    const other = faultStack(lane.lab, "other", lane.stack.hosts);
    await other.configure({ generation: 0, cut: HARMLESS });
    const ends = await Promise.all([lane.finish("create"), startRun(lane.lab, other, "up").ended]);
    const undone = await startRun(lane.lab, other, "destroy").ended;
    await other.remove();
    const failed = [...ends, undone]
        .filter(end => end?.ok !== true)
        .map(end => `a run failed: ${end?.messages.join("; ")}`);
    return [...failed, ...(await lane.differences("create"))];
}

/** Hosts on which every command takes its time, behind a narrow line, have to slow a run down and nothing else. */
export async function trySlowHosts(lane: Lane): Promise<string[]> {
    const { lab, stack } = lane;
    const narrow = ["root", "tbf", "rate", "256kbit", "burst", "4kb", "latency", "2s"];
    for (const host of stack.hosts) {
        await lane.at(host).slow(0.1);
        await lab.exec(host, ["tc", "qdisc", "replace", "dev", NODE_LINK, ...narrow]);
    }
    const end = await lane.finish("update").finally(async () => {
        for (const host of stack.hosts) {
            await lane.at(host).slow(0);
            await lab.exec(host, ["tc", "qdisc", "del", "dev", NODE_LINK, "root"]);
        }
    });
    const lost = end.ok ? [] : [`the run failed: ${end.messages.join("; ")}`];
    return [...lost, ...(await lane.differences("update"))];
}

/** A boot has to bring back all that an `up` has made, before K3s starts, and nothing that a `destroy` has removed. */
export async function tryReboots(lane: Lane): Promise<string[]> {
    const { lab, stack } = lane;
    const rebootAll = () => Promise.all(stack.hosts.map(host => lab.reboot(host)));
    await rebootAll();
    const lost = await lane.differences("create");
    for (const host of stack.hosts) {
        const of = async (property: string, unit: string) => {
            const { stdout } = await lab.exec(host, ["systemctl", "show", "-p", property, "--value", unit]);
            return Number(stdout);
        };
        const table = await of("ActiveEnterTimestampMonotonic", "clearpath-nft-inet-faults.service");
        const k3s = await of("ExecMainStartTimestampMonotonic", host === "cp1" ? "k3s.service" : "k3s-agent.service");
        if (!(table > 0 && k3s > table))
            lost.push(`${host}: K3s started at ${k3s} µs, the table was there at ${table}`);
    }
    const down = await lane.finish("destroy");
    if (!down.ok) lost.push(`the destroy failed: ${down.messages.join("; ")}`);
    await rebootAll();
    return [...lost, ...(await lane.differences("destroy"))];
}

/**
 * A host that is built anew in the middle of an `up` has nothing of its disk, another machine-id and another host key.
 * The run must not touch it; the next one with a refresh makes everything on it again, and a destroy leaves it as new.
 */
export async function tryRebuild(lane: Lane): Promise<string[]> {
    const { lab, stack } = lane;
    const rebuilt = stack.hosts[1];
    const lost: string[] = [];
    const differ = (when: string, found: HostTraces, wanted: HostTraces) =>
        lost.push(...tracesDiffer(rebuilt, wanted, found).map(difference => `${when}, ${difference}`));
    const struck = await lane.startUntil("update", { of: "second", number: 60 });
    if (struck === undefined) return ["the place was not reached"];
    await lab.rebuild(rebuilt);
    const asNew = await tracesOf(lab, rebuilt);
    const end = await struck.run.ended;
    if (end?.ok !== false) lost.push("the struck run ended well");
    differ("after the struck run", await tracesOf(lab, rebuilt), asNew);
    const works = [
        ["an up with a refresh", await lane.finish("update", { refresh: true })],
        ["another one", await lane.finish("update", { refresh: true, expectNoChanges: true })],
        ["a destroy", await lane.finish("destroy")],
    ] as const;
    for (const [name, { ok, messages }] of works) if (!ok) lost.push(`${name} failed: ${messages.join("; ")}`);
    differ("after the destroy", await tracesOf(lab, rebuilt), asNew);
    // What the lane knows of the host is of the one before.
    await lane.renew();
    return lost;
}

/** A network that loses one packet in ten has to slow a run down and nothing else. */
export async function tryLossyNetwork(lane: Lane): Promise<string[]> {
    const { lab, stack } = lane;
    const lossy =
        "table inet lossy { chain input { type filter hook input priority -300; numgen random mod 10 == 0 drop; }; chain output { type filter hook output priority -300; numgen random mod 10 == 0 drop; }; }";
    for (const host of stack.hosts) await lab.exec(host, ["nft", lossy]);
    const end = await lane.finish("update");
    for (const host of stack.hosts) await lab.exec(host, ["nft", "delete", "table", "inet", "lossy"]);
    const lost = end.ok ? [] : [`the run failed: ${end.messages.join("; ")}`];
    return [...lost, ...(await lane.differences("update"))];
}
