import { existsSync } from "node:fs";
import { must } from "./command.ts";
import { type LabHost, namespaceOf, namespacePath } from "./topology.ts";

/** The arguments that run a command in a host's network namespace and touch no other namespace. */
export function insideNamespace(
    instance: string,
    host: LabHost,
    argv: readonly [string, ...string[]],
): [string, ...string[]] {
    return ["nsenter", `--net=${namespacePath(instance, host)}`, ...argv];
}

/** Runs `ip` commands, one a line, in a host's namespace; the first that fails ends the batch with an error. */
export async function ipBatch(instance: string, host: LabHost, lines: readonly string[]): Promise<void> {
    await must(`set the links and routes of ${host}`, ["ip", "-n", namespaceOf(instance, host), "-batch", "-"], {
        stdin: `${lines.join("\n")}\n`,
    });
}

/** Names of all links in a host's namespace. */
export async function linkNames(instance: string, host: LabHost): Promise<string[]> {
    const list = await must(`list the links of ${host}`, ["ip", "-n", namespaceOf(instance, host), "-json", "link"]);
    return (JSON.parse(list) as { ifname: string }[]).map(({ ifname }) => ifname);
}

/** Drops the path MTUs and TCP metrics that a host's kernel remembers of a network that has changed since. */
export async function forgetPaths(instance: string, host: LabHost): Promise<void> {
    const namespace = namespaceOf(instance, host);
    await Promise.all([
        ipBatch(instance, host, ["route flush cache", "tcp_metrics flush all"]),
        must(`flush the IPv6 path MTUs of ${host}`, ["ip", "-n", namespace, "-6", "route", "flush", "cache"]),
    ]);
}

/** Sets kernel parameters of a host's network namespace. */
export async function setSysctls(instance: string, host: LabHost, values: Record<string, number>): Promise<void> {
    const assignments = Object.entries(values).map(([key, value]) => `${key}=${value}`);
    await must(`set the sysctls of ${host}`, insideNamespace(instance, host, ["sysctl", "-qw", ...assignments]));
}

/** Makes a host's network namespace with nothing but its loopback, unless it is there. */
export async function addNamespace(instance: string, host: LabHost): Promise<void> {
    const name = namespaceOf(instance, host);
    if (!existsSync(namespacePath(instance, host))) await must(`make namespace ${name}`, ["ip", "netns", "add", name]);
    await ipBatch(instance, host, ["link set lo up"]);
}

/** Removes a host's network namespace, and with it every device in it. */
export async function deleteNamespace(instance: string, host: LabHost): Promise<void> {
    const name = namespaceOf(instance, host);
    if (existsSync(namespacePath(instance, host))) await must(`remove namespace ${name}`, ["ip", "netns", "del", name]);
}
