import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { command } from "../command.ts";
import { insideNamespace } from "../namespace.ts";
import { addressOf, CACHE_HOST, type LabHost } from "../topology.ts";
import { execOnHost } from "./exec.ts";
import { consoleTail } from "./power.ts";
import { leaderOf } from "./processes.ts";

/** A host boots in a few seconds; a machine that builds and tests beside the lab may take this long. */
const BOOT_SECONDS = 120;

/**
 * Waits for an SSH banner on every address at once, from the runner: the way that everything else will come. A
 * connection that stands is given time: a busy host takes seconds to start the server for it.
 */
const WAIT_FOR_BANNERS = `
import socket, sys, threading, time
deadline = time.monotonic() + float(sys.argv[1])
silent = set(sys.argv[2:])

def wait_for(address):
    while address in silent and time.monotonic() < deadline:
        try:
            with socket.create_connection((address, 22), timeout=1) as connection:
                connection.settimeout(10)
                if connection.recv(4) == b"SSH-":
                    silent.discard(address)
                    return
        except OSError:
            pass
        time.sleep(0.05)

threads = [threading.Thread(target=wait_for, args=[address]) for address in sys.argv[2:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*(address for address in sys.argv[2:] if address in silent))
`;

/** Waits until SSH answers the runner on all given hosts, and containerd on those that have one. */
export async function waitUntilReady(
    instance: string,
    hosts: readonly LabHost[],
    signal: AbortSignal = new AbortController().signal,
): Promise<void> {
    const decided = new AbortController();
    const stop = AbortSignal.any([signal, decided.signal]);
    const nodes = hosts.filter(host => host !== "pve" && host !== CACHE_HOST);
    const services = Promise.all([
        waitForBanners(instance, hosts, stop),
        ...nodes.map(node => waitForContainerd(instance, node, stop)),
    ]);
    try {
        await Promise.race([services, ...hosts.map(host => failWhenOff(instance, host, stop))]);
    } finally {
        decided.abort();
    }
}

async function waitForBanners(instance: string, hosts: readonly LabHost[], signal: AbortSignal): Promise<void> {
    const hostOf = new Map(hosts.flatMap(host => Object.values(addressOf(host)).map(address => [address, host])));
    const argv = ["/usr/bin/python3", "-c", WAIT_FOR_BANNERS, String(BOOT_SECONDS), ...hostOf.keys()] as const;
    const { stdout, stderr } = await command(insideNamespace(instance, "runner", [...argv]), { signal });
    signal.throwIfAborted();
    if (stdout === "\n") return;
    const silent = stdout.trim().split(" ").filter(Boolean);
    const host = hostOf.get(silent[0] ?? "") ?? hosts[0]!;
    throw new Error(
        `${host}: no SSH banner on ${silent.join(", ")} within ${BOOT_SECONDS} s. ${stderr}` +
            `${await stateOf(instance, host)}The lab was taken down; start it again.`,
    );
}

const LAST_WORDS =
    "systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | xargs -r -I{} journalctl -u {} -n 14 -o cat --no-pager";

/** What a host that does not answer looks like from inside, as sentences for errors. */
async function stateOf(instance: string, host: LabHost): Promise<string> {
    const ask = async (what: string, argv: string[]) => {
        const { stdout, stderr } = await execOnHost(instance, host, argv).catch(error => ({
            stdout: "",
            stderr: String(error),
        }));
        const lines = (stdout.trim() || stderr.trim() || "none").split("\n");
        return `${what}: ${lines.map(line => line.trim().replace(/\s+/g, " ")).join(" | ")}. `;
    };
    const told = await Promise.all([
        ask("Its addresses", ["ip", "-brief", "address"]),
        ask("Units that failed", ["systemctl", "list-units", "--failed", "--plain", "--no-legend"]),
        ask("Units that are starting", ["systemctl", "list-jobs", "--no-legend"]),
        ask("What they said", ["sh", "-c", LAST_WORDS]),
    ]);
    return told.join("") + consoleTail(instance, host);
}

async function waitForContainerd(instance: string, host: LabHost, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + BOOT_SECONDS * 1000;
    while (!(await accepts(`/proc/${leaderOf(instance, host)}/root/run/containerd/containerd.sock`))) {
        if (Date.now() > deadline) {
            throw new Error(
                `${host}: containerd did not start within ${BOOT_SECONDS} s. ` +
                    `${await stateOf(instance, host)}The lab was taken down; start it again.`,
            );
        }
        await delay(50, undefined, { signal });
    }
}

/** Rejects as soon as a host that was powered on is off again; resolves never, and ends with the signal. */
async function failWhenOff(instance: string, host: LabHost, signal: AbortSignal): Promise<never> {
    while (leaderOf(instance, host) !== undefined) await delay(250, undefined, { signal });
    throw new Error(`${host} stopped while booting. ${consoleTail(instance, host)}The lab was taken down.`);
}

/** Whether somebody accepts connections on a Unix socket; its path may lie in another host's root. */
function accepts(path: string): Promise<boolean> {
    if (!existsSync(path)) return Promise.resolve(false);
    return new Promise(resolve => {
        const socket = createConnection(path, () => {
            socket.destroy();
            resolve(true);
        });
        socket.on("error", () => resolve(false));
    });
}
