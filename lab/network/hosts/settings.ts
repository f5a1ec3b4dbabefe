import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "../../../engine/state/fileLock.ts";
import { digest, removeLeftovers } from "../base.ts";
import { must } from "../command.ts";
import { cacheDirectory, DNS_SERVER } from "../topology.ts";

/** A file of a host's system. */
export interface HostFile {
    path: string;
    content: string;
    mode?: number;
}

/** Directory that K3s has containerd read its registry hosts from. */
export const K3S_CERTS_D = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d";

/** systemd units of K3s, named as its installer names them. */
export const K3S_UNITS = { server: "k3s.service", agent: "k3s-agent.service" } as const;

const K3S_STAND_IN = new URL("../k3sStandIn.py", import.meta.url);

/** Timers that a machine fresh from the mirror has no use for, and a unit that would obey this machine's boot options. */
const MASKED_UNITS = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-network-generator.service",
    "systemd-networkd-wait-online.service",
];

/** Units a host starts only if its own settings enable them. */
const NOT_BY_DEFAULT = [
    "networking.service",
    "containerd.service",
    "docker-registry.service",
    "systemd-pstore.service",
];

const WRITABLE_LINKS = "writable-links.service";

/**
 * ifupdown2 sets MTUs and bridge options through sysfs, which systemd-nspawn mounts read-only. On a VM it is writable:
 * this makes it so for the host's own links, and leaves the rest read-only, by which systemd knows to expect no udev.
 */
const WRITABLE_LINKS_UNIT = `[Unit]
Description=Let this host configure its links through sysfs
DefaultDependencies=no
Before=sysinit.target network-pre.target networking.service systemd-networkd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=mkdir /run/sysfs
ExecStart=mount -t sysfs sysfs /run/sysfs
ExecStart=mount -o remount,rw /run/sysfs
ExecStart=mount --bind /run/sysfs/devices/virtual/net /sys/devices/virtual/net
ExecStart=umount /run/sysfs
ExecStart=rmdir /run/sysfs

[Install]
WantedBy=sysinit.target
`;

const CERTIFICATE_PATH = "/usr/local/share/ca-certificates/clearpath-lab.crt";

function k3sUnit(role: keyof typeof K3S_UNITS): string {
    return `[Unit]
Description=Lightweight Kubernetes (stand-in: renders containerd's registry hosts)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
KillMode=process
ExecStart=/usr/local/bin/k3s ${role}
Restart=always
RestartSec=5s

[Install]
WantedBy=multi-user.target
`;
}

async function settingsFiles(caCertificate: string): Promise<HostFile[]> {
    return [
        { path: CERTIFICATE_PATH, content: caCertificate },
        { path: "/etc/resolv.conf", content: `nameserver ${DNS_SERVER.ipv4}\nnameserver ${DNS_SERVER.ipv6}\n` },
        {
            path: "/etc/systemd/journald.conf.d/lab.conf",
            content: "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n",
        },
        {
            path: "/etc/containerd/config.toml",
            content: [
                "version = 2",
                "",
                '[plugins."io.containerd.grpc.v1.cri".registry]',
                '  config_path = "/etc/containerd/certs.d"',
                "",
            ].join("\n"),
        },
        { path: `/usr/lib/systemd/system/${WRITABLE_LINKS}`, content: WRITABLE_LINKS_UNIT },
        { path: "/usr/local/bin/k3s", content: await readFile(K3S_STAND_IN, "utf8"), mode: 0o755 },
        { path: `/etc/systemd/system/${K3S_UNITS.server}`, content: k3sUnit("server") },
        { path: `/etc/systemd/system/${K3S_UNITS.agent}`, content: k3sUnit("agent") },
    ];
}

/**
 * Directories to lay under every host's own changes, topmost first: the settings all hosts of the lab share, over the
 * base system. Built on first use and whenever the settings or the lab's CA differ.
 */
export async function sharedLayers(base: string, caCertificate: string): Promise<string[]> {
    const files = await settingsFiles(caCertificate);
    const directory = join(cacheDirectory(), "settings");
    const layer = join(directory, digest([base, files, MASKED_UNITS, NOT_BY_DEFAULT]));
    if (existsSync(layer)) return [layer, base];
    await mkdir(directory, { recursive: true });
    await withLock(join(directory, "lock"), "the lab's settings", async () => {
        if (existsSync(layer)) return;
        await removeLeftovers(directory);
        const staging = `${layer}.part`;
        await buildLayer(staging, base, files);
        await rename(join(staging, "upper"), layer);
        await rm(staging, { recursive: true });
    });
    return [layer, base];
}

async function buildLayer(staging: string, base: string, files: HostFile[]): Promise<void> {
    const root = join(staging, "root");
    await mountOverlay(staging, [base]);
    try {
        await writeFiles(root, files);
        await must("trust the lab's CA", ["chroot", root, "update-ca-certificates"]);
        await must("mask units", ["chroot", root, "systemctl", "--quiet", "mask", ...MASKED_UNITS]);
        await must("enable units", ["chroot", root, "systemctl", "--quiet", "enable", WRITABLE_LINKS]);
        await must("disable units", ["chroot", root, "systemctl", "--quiet", "disable", ...NOT_BY_DEFAULT]);
        for (const name of await readdir(join(root, "etc/ssh"))) {
            if (name.startsWith("ssh_host_")) await rm(join(root, "etc/ssh", name));
        }
        await rm(join(root, "etc/machine-id"));
        await rm(join(root, "etc/hostname"), { force: true });
        await rm(join(root, "etc/containerd/certs.d"), { recursive: true, force: true });
        await symlink(K3S_CERTS_D, join(root, "etc/containerd/certs.d"));
        // systemd takes a system whose /usr is newer than these for just upgraded, and rebuilds its caches at boot.
        for (const stamp of ["etc/.updated", "var/.updated"]) await writeFile(join(root, stamp), "");
    } finally {
        await must("unmount the settings layer", ["umount", root]);
    }
}

/** Mounts `<directory>/root`: layers, topmost first, under the changes kept in `<directory>/upper`. */
export async function mountOverlay(directory: string, layers: readonly string[]): Promise<void> {
    const [root, upper, work] = ["root", "upper", "work"].map(name => join(directory, name)) as [
        string,
        string,
        string,
    ];
    for (const path of [root, upper, work]) await mkdir(path, { recursive: true });
    const options = `lowerdir=${layers.join(":")},upperdir=${upper},workdir=${work}`;
    await must(`mount ${root}`, ["mount", "-t", "overlay", "overlay", "-o", options, root]);
}

/** Writes files below a host's root, with the directories they need. */
export async function writeFiles(root: string, files: readonly HostFile[]): Promise<void> {
    for (const { path, content, mode = 0o644 } of files) {
        await mkdir(join(root, dirname(path)), { recursive: true });
        await writeFile(join(root, path), content);
        await chmod(join(root, path), mode);
    }
}
