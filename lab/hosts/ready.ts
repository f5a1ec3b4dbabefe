import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { command } from "../command.ts";
import { insideNamespace } from "../namespace.ts";
import { addressOf, type LabHost } from "../topology.ts";
import { consoleTail } from "./power.ts";
import { leaderOf } from "./processes.ts";

const BOOT_SECONDS = 60;

/** Waits for an SSH banner in both families, from the runner: the way that everything else will come. */
const WAIT_FOR_BANNERS = `
import socket, sys, time
deadline = time.monotonic() + float(sys.argv[1])
waiting = sys.argv[2:]
while waiting and time.monotonic() < deadline:
    for address in list(waiting):
        try:
            with socket.create_connection((address, 22), timeout=1) as connection:
                if connection.recv(4) == b"SSH-":
                    waiting.remove(address)
        except OSError:
            pass
    if waiting:
        time.sleep(0.05)
print(" ".join(waiting))
`;

/** Waits until SSH answers the runner on all given hosts, and containerd on those that have one. */
export async function waitUntilReady(instance: string, hosts: readonly LabHost[]): Promise<void> {
    const stop = new AbortController();
    const nodes = hosts.filter(host => host !== "pve");
    const services = Promise.all([
        waitForBanners(instance, hosts),
        ...nodes.map(node => waitForContainerd(instance, node, stop.signal)),
    ]);
    try {
        await Promise.race([services, ...hosts.map(host => failWhenOff(instance, host, stop.signal))]);
    } finally {
        stop.abort();
    }
}

async function waitForBanners(instance: string, hosts: readonly LabHost[]): Promise<void> {
    const hostOf = new Map(hosts.flatMap(host => Object.values(addressOf(host)).map(address => [address, host])));
    const argv = ["/usr/bin/python3", "-c", WAIT_FOR_BANNERS, String(BOOT_SECONDS), ...hostOf.keys()] as const;
    const { stdout, stderr } = await command(insideNamespace(instance, "runner", [...argv]));
    if (stdout === "\n") return;
    const [silent = "any address"] = stdout.trim().split(" ");
    const host = hostOf.get(silent) ?? hosts.join(", ");
    throw new Error(
        `${host}: no SSH banner on ${silent} within ${BOOT_SECONDS} s. ${stderr}${consoleTail(instance, host)}` +
            "The lab was taken down; start it again.",
    );
}

async function waitForContainerd(instance: string, host: LabHost, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + BOOT_SECONDS * 1000;
    while (!(await accepts(`/proc/${leaderOf(instance, host)}/root/run/containerd/containerd.sock`))) {
        if (Date.now() > deadline) {
            throw new Error(
                `${host}: containerd did not start within ${BOOT_SECONDS} s. ${consoleTail(instance, host)}` +
                    "The lab was taken down; start it again.",
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
