import { NODE_LINK } from "../network/topology.ts";
import type { Lane } from "./lane.ts";

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
