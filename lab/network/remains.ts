import { existsSync, readdirSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stopDaemons } from "./daemon.ts";
import { cgroupsOf, processesOfCgroups, removeCgroup } from "./hosts/cgroups.ts";
import { mountsBelow, unmountBelow } from "./hosts/power.ts";
import { kill, processesIn } from "./hosts/processes.ts";
import { namespacesOf, unwire } from "./hosts/wiring.ts";
import { labPaths } from "./topology.ts";

/** What is on this machine of an instance, whoever left it there. The cache is not counted. */
export interface Remains {
    namespaces: string[];
    processes: number[];
    mounts: string[];
    directories: string[];
}

export function remainsOf(instance: string): Remains {
    const { run, overlays } = labPaths(instance);
    return {
        namespaces: namespacesOf(instance),
        processes: processesOf(instance),
        mounts: mountsBelow(overlays),
        directories: [run, overlays, ...cgroupsOf(instance), ...mountTunnels(instance)].filter(existsSync),
    };
}

/** Removes everything of an instance, whatever state it is in. Nothing there is not an error. */
export async function removeRemains(instance: string): Promise<void> {
    const { run, overlays } = labPaths(instance);
    const cgroups = cgroupsOf(instance);
    await stopDaemons(instance);
    await kill(() => processesOf(instance), `cannot stop lab ${instance}`);
    cgroups.forEach(removeCgroup);
    await unmountBelow(overlays);
    await unwire(instance);
    await rm(overlays, { recursive: true, force: true });
    await rm(run, { recursive: true, force: true });
    for (const tunnel of mountTunnels(instance)) await rmdir(tunnel);
    for (const shared of [overlays, run, ...cgroups].map(dirname)) await removeIfEmpty(shared);
}

function processesOf(instance: string): number[] {
    const inNamespaces = processesIn(namespacesOf(instance).map(name => join("/run/netns", name)));
    return [...new Set([...inNamespaces, ...processesOfCgroups(cgroupsOf(instance))])];
}

/** Directories that systemd-nspawn makes for mounting things into a running host, and leaves behind, empty. */
function mountTunnels(instance: string): string[] {
    const directory = "/run/systemd/nspawn/propagate";
    if (!existsSync(directory)) return [];
    const names = readdirSync(directory).filter(name => name.startsWith(`${instance}-`));
    return names.map(name => join(directory, name));
}

/** Instances share these directories; the last one takes them along. */
async function removeIfEmpty(directory: string): Promise<void> {
    await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (!["ENOENT", "ENOTEMPTY", "EBUSY"].includes(error.code ?? "")) throw error;
    });
}
