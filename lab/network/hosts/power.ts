import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ARCHIVES } from "../base.ts";
import { command, must } from "../command.ts";
import { type LabHost, labPaths, namespaceOf, namespacePath } from "../topology.ts";
import { cgroupsOf, makeCgroups, processesOfCgroups, removeCgroup } from "./cgroups.ts";
import { kill, leaderOf, processesIn } from "./processes.ts";
import { type HostFile, mountOverlay, writeFiles } from "./settings.ts";

/** What a host's disk is made of before its first boot. */
export interface HostDisk {
    /** Directories below the host's own changes, topmost first. */
    layers: readonly string[];
    files: readonly HostFile[];
    /** A package that this host has instead of one of the layers', with which it cannot be installed. */
    instead?: { of: string; archive: string };
    /** systemd units that start at boot beside those of the layers. */
    enable: readonly string[];
    /** Files of the layers that this host does not have. */
    absent: readonly string[];
}

const diskOf = (instance: string, host: LabHost) => join(labPaths(instance).overlays, host);
const rootOf = (instance: string, host: LabHost) => join(diskOf(instance, host), "root");
const consoleOf = (instance: string, host: LabHost) => join(labPaths(instance).run, `${host}.console`);

/** Makes a host's disk, empty of anything a former host of this name had written. */
export async function makeDisk(instance: string, host: LabHost, disk: HostDisk): Promise<void> {
    const directory = diskOf(instance, host);
    const root = rootOf(instance, host);
    await rm(directory, { recursive: true, force: true });
    await mountOverlay(directory, disk.layers);
    // containerd lays overlays of its own, which the kernel refuses on top of this one.
    await mkdir(join(directory, "containerd"));
    if (disk.instead) {
        const { of, archive } = disk.instead;
        const exchange = `dpkg --purge ${of} && dpkg --install ${ARCHIVES}/${archive}_*.deb`;
        await must(`install ${archive} on ${host}`, ["chroot", root, "sh", "-c", exchange]);
    }
    for (const path of disk.absent) await rm(join(root, path), { recursive: true, force: true });
    await writeFiles(root, disk.files);
    await must(`enable the units of ${host}`, ["chroot", root, "systemctl", "--quiet", "enable", ...disk.enable]);
}

/** Powers a host on. It is up only when its services answer, which the caller waits for. */
export async function powerOn(instance: string, host: LabHost): Promise<void> {
    const cgroups = await makeCgroups(instance, host);
    const enterCgroups = cgroups.map(path => `echo $$ > '${path}/cgroup.procs'`).join("\n");
    const nspawn = [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--settings=no",
        `--directory=${rootOf(instance, host)}`,
        `--machine=${namespaceOf(instance, host)}`,
        `--hostname=${host}`,
        `--network-namespace-path=${namespacePath(instance, host)}`,
        `--bind=${join(diskOf(instance, host), "containerd")}:/var/lib/containerd`,
        "--capability=CAP_NET_ADMIN",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
    ];
    const log = openSync(consoleOf(instance, host), "a");
    const child = spawn("sh", ["-e", "-c", `${enterCgroups}\nexec "$@"`, "sh", ...nspawn], {
        detached: true,
        stdio: ["ignore", log, log],
        // A host may set sysctls of its network namespace, as a VM may; the rest of this machine's stay closed to it.
        // No lock on the disk: it would outlast the host in /run/systemd, and a lab has one of its own.
        env: { PATH: process.env.PATH, SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network", SYSTEMD_NSPAWN_LOCK: "0" },
        cwd: "/",
    });
    closeSync(log);
    const ended = new Promise<void>(resolve => child.once("exit", () => resolve()));
    await Promise.race([ended, leaderAppears(instance, host)]);
    if (leaderOf(instance, host) === undefined) {
        throw new Error(`${host} did not boot. ${consoleTail(instance, host)}Run clearpath lab down and try again.`);
    }
    child.removeAllListeners();
    child.unref();
}

async function leaderAppears(instance: string, host: LabHost): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (leaderOf(instance, host) === undefined && Date.now() < deadline) await delay(20);
}

/** The last lines of a host's console, as a sentence for errors. */
export function consoleTail(instance: string, host: LabHost): string {
    const file = consoleOf(instance, host);
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").slice(-5) : [];
    return lines.length === 0 ? "" : `Its console ends with: ${lines.join(" | ")}. `;
}

/** Cuts a host's power: nothing on it gets to say goodbye, and its disk stays as it is. */
export async function powerOff(instance: string, host: LabHost): Promise<void> {
    const inHost = () => [
        ...processesIn([namespacePath(instance, host)]),
        ...processesOfCgroups(cgroupsOf(instance, host)),
    ];
    await kill(inHost, `cannot stop ${host} of lab ${instance}`);
    cgroupsOf(instance, host).forEach(removeCgroup);
}

/** Unmounts a host's disk and throws it away. The host must be off. */
export async function removeDisk(instance: string, host: LabHost): Promise<void> {
    await unmountBelow(diskOf(instance, host));
    await rm(diskOf(instance, host), { recursive: true, force: true });
}

/** Mount points in a directory, innermost last. */
export function mountsBelow(directory: string): string[] {
    return readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .map(line => line.split(" ")[4] ?? "")
        .filter(point => point.startsWith(`${directory}/`));
}

/** Unmounts whatever is mounted in a directory. */
export async function unmountBelow(directory: string): Promise<void> {
    for (const point of mountsBelow(directory).reverse()) {
        // A mount that a dying process still holds goes when that process is gone.
        if ((await command(["umount", point])).code !== 0) await must("unmount", ["umount", "--lazy", point]);
    }
}
