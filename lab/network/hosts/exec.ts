import type { CommandResult } from "../../../provider/host/session.ts";
import { command } from "../command.ts";
import { insideNamespace } from "../namespace.ts";
import { bootsSystem, type LabHost } from "../topology.ts";
import { requireLeader } from "./processes.ts";

/** What a login shell of root would start with; nothing of this machine's environment reaches a host. */
const HOST_ENVIRONMENT = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    USER: "root",
    LANG: "C.UTF-8",
};

/** The arguments that run a command on a booted host, with all of its namespaces and its root directory. */
export function onBootedHost(leader: number, argv: readonly string[]): [string, ...string[]] {
    const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"];
    const environment = Object.entries(HOST_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
    return ["nsenter", "--target", String(leader), ...namespaces, "env", "-i", ...environment, ...argv];
}

/** The arguments that run a command on any host of a lab: where no system is booted, in its network namespace only. */
export function onHost(instance: string, host: LabHost, argv: readonly [string, ...string[]]): [string, ...string[]] {
    if (!bootsSystem(host)) return insideNamespace(instance, host, argv);
    return onBootedHost(requireLeader(instance, host), argv);
}

export function execOnHost(
    instance: string,
    host: LabHost,
    argv: readonly string[],
    { stdin }: { stdin?: string | Uint8Array } = {},
): Promise<CommandResult> {
    return command(onHost(instance, host, argv as [string, ...string[]]), { stdin });
}
