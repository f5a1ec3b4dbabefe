import { EXPIRY_FILE, storageDirectory } from "./registryConfig.ts";
import type { CachedUpstream } from "./upstream.ts";

/** Directory of the configuration files and keys. Only root reads it: systemd hands each unit its own. */
export const CONFIG_DIRECTORY = "/etc/clearpath/registry";

/** Directory of the programs that the timers start. */
export const PROGRAM_DIRECTORY = "/usr/local/lib/clearpath";

/** User of every unit. systemd makes it while one runs, so none is left in /etc/passwd. */
const USER = "clearpath-registry";

/**
 * Distribution 2 forgets everything 7 days after it was fetched. It keeps the dates in a file that it reads at its start,
 * and otherwise in memory: a proxy that is restarted before that, without that file, never forgets.
 */
const PROXY_LIFE = "5d";

export interface RegistryUnitOptions {
    upstream: CachedUpstream;
    kind: "proxy" | "twin";
    /** Program to run, an absolute path. */
    program: string;
    /** Unit that brings the program, where it is fetched. */
    fetchedBy?: string;
    /** Most memory it may take, as systemd writes it: `512M`. */
    memoryMax: string;
    /** Changes whenever a file that the unit reads does, so that it is restarted. */
    revision: string;
}

/** Name of the unit of an upstream's proxy or twin. */
export function registryUnitName({ slug }: Pick<CachedUpstream, "slug">, kind: "proxy" | "twin"): string {
    return `clearpath-registry-${slug}-${kind}.service`;
}

/** Path of the configuration file of an upstream's proxy or twin. */
export function registryConfigPath({ slug }: Pick<CachedUpstream, "slug">, kind: "proxy" | "twin"): string {
    return `${CONFIG_DIRECTORY}/${slug}-${kind}.yml`;
}

/** Files with the cache's own certificate, its key, and the authority behind it. */
export const TLS_FILES = {
    certificate: `${CONFIG_DIRECTORY}/tls.crt`,
    key: `${CONFIG_DIRECTORY}/tls.key`,
    authority: `${CONFIG_DIRECTORY}/ca.crt`,
} as const;

/** The systemd unit of one instance. */
export function registryUnit(options: RegistryUnitOptions): string {
    const { upstream, kind, program, fetchedBy, memoryMax, revision } = options;
    const storage = storageDirectory(upstream);
    const isProxy = kind === "proxy";
    return lines(
        "[Unit]",
        `Description=Cache of ${upstream.registry}${isProxy ? "" : ", for when the upstream cannot be asked"}`,
        "Wants=network-online.target",
        "After=network-online.target",
        ...(fetchedBy === undefined ? [] : [`Requires=${fetchedBy}`, `After=${fetchedBy}`]),
        "StartLimitIntervalSec=0",
        `X-Clearpath-Revision=${revision}`,
        "",
        "[Service]",
        "Type=exec",
        `LoadCredential=config.yml:${registryConfigPath(upstream, kind)}`,
        `LoadCredential=tls.crt:${TLS_FILES.certificate}`,
        `LoadCredential=tls.key:${TLS_FILES.key}`,
        "Environment=REGISTRY_HTTP_TLS_CERTIFICATE=%d/tls.crt REGISTRY_HTTP_TLS_KEY=%d/tls.key",
        // Names are resolved by glibc then, which gives up sooner than Go while the way out is cut.
        'Environment=OTEL_TRACES_EXPORTER=none "RES_OPTIONS=timeout:2 attempts:1"',
        ...(isProxy ? [`ExecStartPre=rm -f %C/${storage}/${EXPIRY_FILE}`] : []),
        `ExecStart=${program} serve %d/config.yml`,
        "Restart=always",
        "RestartSec=5",
        ...(isProxy ? [`RuntimeMaxSec=${PROXY_LIFE}`, "RuntimeRandomizedExtraSec=12h"] : []),
        `CacheDirectory=${storage}`,
        ...hardening(memoryMax),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    );
}

/** Unit that makes connections which nobody answers end sooner. */
export const GIVE_UP_UNIT = "clearpath-registry-give-up.service";

/**
 * A line that is cut leaves the proxies' idle connections standing. The next request goes out on one, and Linux sends it
 * again for a quarter of an hour (tcp_retries2 is 15) while the node waits for the proxy; with 4 it is 6 seconds, and
 * then the proxy answers with what it holds. The value that was there comes back when the unit stops.
 */
export function giveUpUnit(): string {
    const setting = "net.ipv4.tcp_retries2";
    const found = "%t/clearpath-registry-tcp-retries2";
    return lines(
        "[Unit]",
        "Description=Let Clearpath's image cache notice a cut line in seconds",
        "",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=yes",
        `ExecStart=sh -c 'sysctl -n ${setting} >${found} && sysctl -q -w ${setting}=4'`,
        `ExecStop=sh -c 'sysctl -q -w ${setting}="$$(cat ${found})" && rm ${found}'`,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    );
}

/** Names of the units that keep a cache in order. */
export const UPKEEP_UNITS = {
    evict: { service: "clearpath-registry-evict.service", timer: "clearpath-registry-evict.timer" },
    warm: { service: "clearpath-registry-warm.service", timer: "clearpath-registry-warm.timer" },
} as const;

/** Files of the programs that those units start, and of what the warming is told. */
export const UPKEEP_FILES = {
    evict: `${PROGRAM_DIRECTORY}/registry-evict.sh`,
    fetch: `${PROGRAM_DIRECTORY}/registry-fetch.py`,
    warm: `${PROGRAM_DIRECTORY}/registry-warm.py`,
    warmTask: `${CONFIG_DIRECTORY}/warm.json`,
} as const;

/** A registry's binary that is fetched: where from, and what must be in it. */
export interface FetchedBinary {
    url: string;
    sha256: string;
}

/** Unit that fetches a registry's binary once, and the file it is then. */
export const FETCH_UNIT = "clearpath-registry-fetch.service";
const BINARY_DIRECTORY = "clearpath-registry-binary";

/** Path of a binary that was fetched: another one has another path, so that units are restarted. */
export function fetchedBinaryPath({ sha256 }: FetchedBinary): string {
    return `/var/lib/${BINARY_DIRECTORY}/registry-${sha256.slice(0, 16).toLowerCase()}`;
}

/** The unit that fetches a registry's binary, unless it is there. */
export function fetchUnit(binary: FetchedBinary): string {
    return lines(
        "[Unit]",
        "Description=Fetch the registry that Clearpath's image cache runs",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=yes",
        `ExecStart=python3 ${UPKEEP_FILES.fetch} ${binary.url} ${binary.sha256} ${fetchedBinaryPath(binary)}`,
        `StateDirectory=${BINARY_DIRECTORY}`,
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "NoNewPrivileges=yes",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    );
}

/** The unit that removes what was used least recently, until the cache is no larger than this. */
export function evictUnit(upstreams: readonly CachedUpstream[], limitGiB: number): string {
    const directories = upstreams.map(storageDirectory);
    // systemd keeps links to the directories there, which a slash makes everybody follow.
    const paths = directories.map(directory => `%C/${directory}/`);
    return lines(
        "[Unit]",
        "Description=Keep Clearpath's image cache within its size",
        "",
        "[Service]",
        "Type=oneshot",
        `ExecStart=sh ${UPKEEP_FILES.evict} ${limitGiB * 1024 * 1024} ${paths.join(" ")}`,
        "Nice=10",
        "IOSchedulingClass=idle",
        `CacheDirectory=${directories.join(" ")}`,
        ...hardening("256M"),
    );
}

/** The unit that pulls the listed images through the cache again. */
export function warmUnit(): string {
    return lines(
        "[Unit]",
        "Description=Pull the images of Clearpath's list through its cache",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        `ExecStart=python3 ${UPKEEP_FILES.warm} ${UPKEEP_FILES.warmTask}`,
        "Nice=10",
        "TimeoutStartSec=2h",
        ...hardening("256M"),
    );
}

/** A timer that also makes up for what it missed while the host was off. Its revision changes with what it starts. */
export function timer(description: string, onCalendar: string, revision: string): string {
    return lines(
        "[Unit]",
        `Description=${description}`,
        `X-Clearpath-Revision=${revision}`,
        "",
        "[Timer]",
        `OnCalendar=${onCalendar}`,
        "RandomizedDelaySec=10min",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    );
}

/** A user of its own, nothing to write to but its storage, and no more of the kernel than a server needs. */
function hardening(memoryMax: string): string[] {
    return [
        "DynamicUser=yes",
        `User=${USER}`,
        "UMask=0027",
        `MemoryMax=${memoryMax}`,
        "TasksMax=512",
        "LimitNOFILE=65536",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
    ];
}

function lines(...all: string[]): string {
    return `${all.join("\n")}\n`;
}
