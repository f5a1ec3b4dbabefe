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
    const addresses = hosts.flatMap(host => Object.values(addressOf(host)).map(address => [address, host] as const));
    const argv = ["/usr/bin/python3", "-c", WAIT_FOR_BANNERS, String(BOOT_SECONDS), ...addresses.map(([a]) => a)];
    const [banners] = await Promise.all([
        command(insideNamespace(instance, "runner", argv as [string, ...string[]])),
        ...hosts.filter(host => host !== "pve").map(host => waitForContainerd(instance, host)),
    ]);
    const silent = addresses.filter(([address]) => banners.stdout.trim().split(" ").includes(address));
    if (banners.code === 0 && silent.length === 0) return;
    const [address, host] = silent[0] ?? ["", hosts[0]!];
    throw new Error(
        `${host}: no SSH banner on ${address} within ${BOOT_SECONDS} s${banners.stderr && `: ${banners.stderr.trim()}`}. ` +
            `${consoleTail(instance, host)}Run clearpath lab down and try again.`,
    );
}

async function waitForContainerd(instance: string, host: LabHost): Promise<void> {
    const deadline = Date.now() + BOOT_SECONDS * 1000;
    while (!(await accepts(`/proc/${leaderOf(instance, host)}/root/run/containerd/containerd.sock`))) {
        if (Date.now() > deadline) {
            throw new Error(`${host}: containerd did not start within ${BOOT_SECONDS} s. See its journal.`);
        }
        await delay(50);
    }
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
