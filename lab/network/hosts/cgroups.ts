import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cgroupHierarchies } from "../machine.ts";
import type { LabHost } from "../topology.ts";

// Each host has a cgroup of its own for systemd-nspawn to put its systemd into: two hosts in one would share their
// services' cgroups. Made directly, as Docker's cgroupfs driver does, because this machine's init may not be systemd.

const CGROUP_TREE = "clearpath-lab";

/** Cgroups of a whole instance, or of one host of it, one for each hierarchy. */
export function cgroupsOf(instance: string, host = ""): string[] {
    return cgroupHierarchies().map(hierarchy => join(hierarchy, CGROUP_TREE, instance, host));
}

export async function makeCgroups(instance: string, host: LabHost): Promise<string[]> {
    const paths = cgroupsOf(instance, host);
    for (const path of paths) await mkdir(path, { recursive: true });
    return paths;
}

/** Process ids in the given cgroups and those below them. */
export function processesOfCgroups(paths: readonly string[]): number[] {
    const found = paths
        .flatMap(path => [path, ...childCgroups(path)])
        .flatMap(path => {
            const file = join(path, "cgroup.procs");
            return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : [];
        });
    return [...new Set(found)];
}

/** Cgroups below one, innermost last. */
function childCgroups(path: string): string[] {
    if (!existsSync(path)) return [];
    const children = readdirSync(path, { withFileTypes: true }).filter(entry => entry.isDirectory());
    return children.flatMap(({ name }) => [join(path, name), ...childCgroups(join(path, name))]);
}

/** Removes a cgroup without processes, with those below it. */
export function removeCgroup(path: string): void {
    if (!existsSync(path)) return;
    for (const each of [path, ...childCgroups(path)].reverse()) rmdirSync(each);
}
