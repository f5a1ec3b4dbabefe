import type { Lane } from "./lane.ts";
import { type HostTraces, tracesDiffer, tracesOf } from "./traces.ts";

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
 * A host that is rebuilt in the middle of an `up` has nothing of its disk, another machine-id and another host key.
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
    if (end?.ok !== false) lost.push("the struck run reported success");
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
