import { existsSync, readFileSync } from "node:fs";
import { chmod, rm, writeFile } from "node:fs/promises";
import { command, must } from "./command.ts";

/** Commands the lab runs on this machine, and the Debian package that brings each. */
const PACKAGES = {
    "/usr/bin/systemd-nspawn": "systemd-container",
    "/usr/bin/mmdebstrap": "mmdebstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/sbin/ip": "iproute2",
    "/usr/sbin/nft": "nftables",
    "/usr/sbin/ethtool": "ethtool",
    "/usr/sbin/sysctl": "procps",
    "/usr/bin/ping": "iputils-ping",
    "/usr/bin/python3": "python3",
    "/usr/bin/docker-registry": "docker-registry",
} as const;

const POLICY_FILE = "/usr/sbin/policy-rc.d";

/** Throws one sentence that says what this machine lacks and what to do, where no lab can run on it. Changes nothing. */
export async function requireLabMachine(): Promise<void> {
    if (process.platform !== "linux") {
        throw new Error(`The lab needs Linux, and this is ${process.platform}. Run it on a Debian or Ubuntu machine.`);
    }
    if (process.getuid?.() !== 0) {
        throw new Error("The lab makes network namespaces and boots hosts, which needs root. Run it with sudo.");
    }
    if (!isDebianOrUbuntu(readIfThere("/etc/os-release"))) {
        throw new Error("The lab installs its hosts with apt, which this system lacks. Run it on Debian or Ubuntu.");
    }
    if ((await command(["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "true"])).code !== 0) {
        throw new Error(
            "systemd-nspawn cannot run here: the kernel or the container around this shell refuses new namespaces. Run the lab on a machine or in a privileged container.",
        );
    }
    await requireKernelPart("overlay", () => /\boverlay$/m.test(readIfThere("/proc/filesystems")));
    await requireKernelPart("tun", () => existsSync("/dev/net/tun"));
    if (cgroupHierarchies().length === 0) {
        throw new Error(
            "systemd-nspawn cannot run here: no cgroup hierarchy is mounted on /sys/fs/cgroup. Mount cgroup2 there.",
        );
    }
}

/** Whether /etc/os-release describes a system that the lab's packages come from. */
export function isDebianOrUbuntu(osRelease: string): boolean {
    return /^(ID|ID_LIKE)="?[^"\n]*\b(debian|ubuntu)\b/m.test(osRelease);
}

async function requireKernelPart(module: string, present: () => boolean): Promise<void> {
    if (present()) return;
    await command(["modprobe", module]).catch(() => undefined);
    if (present()) return;
    throw new Error(`This kernel has no ${module} support, which the lab needs. Load the module "${module}".`);
}

/** Directories in which systemd keeps its tree of services: one in cgroup v2, up to two where v1 is still mounted. */
export function cgroupHierarchies(): string[] {
    if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return ["/sys/fs/cgroup"];
    return ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"].filter(path => existsSync(`${path}/cgroup.procs`));
}

/** Installs the Debian packages whose files are missing. None of them leaves a service running or enabled. */
export async function installMissingPackages(onProgress: (sentence: string) => void): Promise<void> {
    const missing = Object.entries(PACKAGES)
        .filter(([file]) => !existsSync(file))
        .map(([, name]) => name);
    if (missing.length === 0) return;
    onProgress(`installing ${missing.join(", ")} with apt`);
    await withoutStartingServices(async () => {
        const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...missing];
        const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
        if ((await command(install, { env })).code === 0) return;
        // Package lists that are missing or old name files the mirror no longer has.
        await must("read the mirror's package lists", ["apt-get", "update"], { env });
        await must(`install ${missing.join(", ")}`, install, { env });
    });
    if (missing.includes("docker-registry") && existsSync("/usr/bin/systemctl")) {
        await must("leave docker-registry disabled", ["systemctl", "disable", "--quiet", "docker-registry.service"]);
    }
}

/** Debian's own way to keep maintainer scripts from starting what they install; an administrator's file is respected. */
async function withoutStartingServices(install: () => Promise<void>): Promise<void> {
    const ours = !existsSync(POLICY_FILE);
    if (ours) {
        await writeFile(POLICY_FILE, "#!/bin/sh\nexit 101\n");
        await chmod(POLICY_FILE, 0o755);
    }
    try {
        await install();
    } finally {
        if (ours) await rm(POLICY_FILE, { force: true });
    }
}

/** Watches that a lab's hosts keep: systemd holds some ten, and ten hosts come near the kernel's default of 128. */
const INOTIFY_INSTANCES = 1024;
const INOTIFY_LIMIT = "/proc/sys/fs/inotify/max_user_instances";

/** Raises the one limit that all hosts share, since all run as root. It costs nothing and goes back at the next boot. */
export async function raiseInotifyLimit(): Promise<void> {
    if (Number(readIfThere(INOTIFY_LIMIT)) < INOTIFY_INSTANCES) await writeFile(INOTIFY_LIMIT, `${INOTIFY_INSTANCES}`);
}

function readIfThere(path: string): string {
    return existsSync(path) ? readFileSync(path, "utf8") : "";
}
