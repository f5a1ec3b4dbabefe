import { gatewayFiles } from "../gateway.ts";
import type { LabRecord } from "../record.ts";
import { CACHE_HOST, type LabHost } from "../topology.ts";
import { newIdentity } from "./identity.ts";
import { linkManagerOf, nodeMtus, nodeNetworkFile, readsInterfaces } from "./nodeNetwork.ts";
import type { HostDisk } from "./power.ts";
import { K3S_UNITS } from "./settings.ts";

/** Programs of a container runtime: a host that is no node of the cluster has none. */
const CONTAINER_RUNTIME = [
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/ctr",
    "/usr/sbin/runc",
    "/etc/containerd",
    "/usr/local/bin/k3s",
    ...Object.values(K3S_UNITS).map(unit => `/etc/systemd/system/${unit}`),
];

/** Written by ifupdown2's package; a node that another manager sets up has none. */
const IFUPDOWN_FILE = "/etc/network/interfaces";

/** What a host's disk holds when it comes out of its box: the shared layers, its own identity and its network. */
export async function newDisk(
    instance: string,
    host: LabHost,
    { layers, scenario, workers, cacheHost }: Pick<LabRecord, "layers" | "scenario" | "workers" | "cacheHost">,
): Promise<HostDisk> {
    const identity = await newIdentity(instance, host);
    if (host === "pve") {
        return {
            layers,
            files: [...identity, ...gatewayFiles(scenario, workers, cacheHost)],
            enable: ["networking.service"],
            absent: CONTAINER_RUNTIME,
        };
    }
    const network = nodeNetworkFile(host, nodeMtus(scenario, host));
    if (host === CACHE_HOST) {
        return { layers, files: [...identity, network], enable: ["networking.service"], absent: CONTAINER_RUNTIME };
    }
    const role = host === "cp1" ? "server" : "agent";
    const manager = readsInterfaces(host) ? "networking.service" : "systemd-networkd.service";
    return {
        layers,
        ...(linkManagerOf(host) === "ifupdown" && { instead: { of: "ifupdown2", archive: "ifupdown" } }),
        files: [...identity, network],
        enable: [manager, "containerd.service", K3S_UNITS[role]],
        absent: [
            `/etc/systemd/system/${K3S_UNITS[role === "server" ? "agent" : "server"]}`,
            ...(network.path === IFUPDOWN_FILE ? [] : [IFUPDOWN_FILE]),
        ],
    };
}
