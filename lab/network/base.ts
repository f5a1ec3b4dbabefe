import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../engine/state/fileLock.ts";
import { command, must } from "./command.ts";
import { cacheDirectory } from "./topology.ts";

/** Debian release of every host: the base of Proxmox VE 8, and of the nodes of the plan. */
const RELEASE = "bookworm";

/** What a Proxmox host and a K3s node have in common, and what either has beyond it. */
const PACKAGES = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "nftables",
    "iptables",
    "iproute2",
    "ifupdown2",
    "netplan.io",
    "python3",
    "ca-certificates",
    "ethtool",
    "containerd",
    "docker-registry",
    "curl",
    "iputils-ping",
    "iputils-tracepath",
    "conntrack",
    "sudo",
    "procps",
    "util-linux",
    "openssl",
];

/** Packages that exclude one of those above, kept in this directory for hosts that have them instead. */
export const ARCHIVES = "/var/lib/archives";
const ARCHIVED = ["ifupdown"];

/** Nobody reads manuals in a lab, and a base that is lost with the machine needs no fsync. */
const DPKG_OPTIONS = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "force-unsafe-io",
];

/** One line of apt's sources: a repository and a suite of it. */
export interface DebianSource {
    uri: string;
    suite: string;
}

/**
 * The base system's root directory, built on first use from the Debian mirror this machine's apt is set to. It is keyed
 * by what it is made of, complete or absent, and never written to: hosts and further layers lie over it.
 */
export async function baseSystem(
    onProgress: (sentence: string) => void,
    signal: AbortSignal = new AbortController().signal,
): Promise<string> {
    const { sources, aptOptions } = await aptSettings();
    const key = digest([sources, PACKAGES, ARCHIVED, DPKG_OPTIONS]);
    const directory = join(cacheDirectory(), "base");
    const base = join(directory, key);
    if (existsSync(base)) return base;
    await mkdir(directory, { recursive: true });
    return await withLock(join(directory, "lock"), "the build of the base system", async () => {
        if (existsSync(base)) return base;
        await removeLeftovers(directory);
        onProgress(`building the base system: Debian ${RELEASE} from ${sources[0]!.uri}`);
        const staging = `${base}${STAGING}`;
        await bootstrap(staging, sources, aptOptions, signal);
        await rename(staging, base);
        return base;
    });
}

const STAGING = ".part";

/** What an interrupted build left. The lock is held, so nobody is building. */
export async function removeLeftovers(directory: string): Promise<void> {
    const leftovers = (await readdir(directory)).filter(name => name.endsWith(STAGING));
    await Promise.all(leftovers.map(name => rm(join(directory, name), { recursive: true, force: true })));
}

export function digest(value: unknown): string {
    return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

async function bootstrap(
    root: string,
    sources: DebianSource[],
    aptOptions: string[],
    signal: AbortSignal,
): Promise<void> {
    const packages = join(cacheDirectory(), "debs");
    await mkdir(packages, { recursive: true });
    const mmdebstrap = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        `--include=${PACKAGES.join(",")}`,
        ...DPKG_OPTIONS.map(option => `--dpkgopt=${option}`),
        ...['Acquire::Languages "none"', ...aptOptions].map(option => `--aptopt=${option}`),
        // Packages of an earlier build are used again, and those of this one kept.
        "--skip=download/empty",
        "--skip=essential/unlink",
        '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
        `--setup-hook=sync-in ${packages} /var/cache/apt/archives`,
        `--customize-hook=mkdir "$1${ARCHIVES}" && cd "$1${ARCHIVES}" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get download ${ARCHIVED.join(" ")}`,
        `--customize-hook=sync-out /var/cache/apt/archives ${packages}`,
        RELEASE,
        root,
        ...sources.map(({ uri, suite }) => `deb ${uri} ${suite} main`),
    ];
    await must("build the lab's base system", mmdebstrap, { signal });
}

/** Where this machine's apt gets Debian from, and how (proxies, certificates). */
async function aptSettings(): Promise<{ sources: DebianSource[]; aptOptions: string[] }> {
    const format = "$(ORIGIN)|$(LABEL)|$(RELEASE)|$(REPO_URI)|$(CREATED_BY)";
    const askTargets = () => must("ask apt for its mirrors", ["apt-get", "indextargets", "--format", format]);
    let targets = await askTargets();
    if (targets.trim() === "") {
        // Images of containers come without package lists, and without them apt does not tell whose its mirrors are.
        await must("read the mirror's package lists", ["apt-get", "update"]);
        targets = await askTargets();
    }
    const settings = await command(["apt-config", "dump"]);
    return { sources: debianSources(targets), aptOptions: transportOptions(settings.stdout) };
}

/**
 * The repositories of the base system, from lines `ORIGIN|LABEL|SUITE|URI|CREATED_BY` of `apt-get indextargets`. The
 * machine's own release may be another one than the base's, so only the mirrors are taken from it. A machine that knows
 * no Debian mirror (Ubuntu) gets Debian's own.
 */
export function debianSources(indexTargets: string): DebianSource[] {
    const rows = indexTargets.split("\n").map(line => line.split("|"));
    const uriOf = (labels: string[], fits: (suite: string) => boolean) =>
        rows.find(
            ([origin, label, suite]) => origin === "Debian" && labels.includes(label ?? "") && fits(suite ?? ""),
        )?.[3];
    const mirror = uriOf(["Debian"], suite => !suite.includes("-")) ?? "http://deb.debian.org/debian/";
    const security = uriOf(["Debian-Security"], () => true);
    const updates = uriOf(["Debian"], suite => suite.endsWith("-updates"));
    return [
        { uri: mirror, suite: RELEASE },
        ...(updates ? [{ uri: updates, suite: `${RELEASE}-updates` }] : []),
        ...(security ? [{ uri: security, suite: `${RELEASE}-security` }] : []),
    ];
}

/** Lines of `apt-config dump` that say how to reach a mirror. */
export function transportOptions(aptConfig: string): string[] {
    return aptConfig
        .split("\n")
        .filter(line => /^Acquire::(https?|Retries|Check-Valid-Until|Check-Date)\b.* ".+";$/.test(line));
}
