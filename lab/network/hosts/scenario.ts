import { gatewayFiles, LOAD_RULES } from "../gateway.ts";
import type { LabRecord } from "../record.ts";
import type { Scenario } from "../scenario.ts";
import { GATEWAY_BRIDGES, type LabHost, NODE_LINK, VM_GATEWAY, vmNames, vmPort } from "../topology.ts";
import { execOnHost } from "./exec.ts";
import { linkManagerOf, nodeMtus, nodeNetworkFile, readsInterfaces } from "./nodeNetwork.ts";
import { requireLeader } from "./processes.ts";
import { type HostFile, writeFiles } from "./settings.ts";

/** Brings the running Proxmox host to the scenario, in its files for the next boot and live. */
export async function applyToGateway(
    instance: string,
    { scenario, workers, cacheHost }: Pick<LabRecord, "scenario" | "workers" | "cacheHost">,
): Promise<void> {
    await writeToHost(instance, "pve", gatewayFiles(scenario, workers, cacheHost));
    for (const load of LOAD_RULES) await mustOnHost(instance, "pve", [...load]);
    for (const link of [...vmNames(workers, cacheHost).map(vmPort), GATEWAY_BRIDGES.vms]) {
        await setMtu(instance, "pve", link, scenario.gateway.bridgeMtu);
    }
}

/** Brings a running node to the scenario, in its file for the next boot and live. */
export async function applyToNode(instance: string, node: LabHost, scenario: Scenario): Promise<void> {
    const mtus = nodeMtus(scenario, node);
    await writeToHost(instance, node, [nodeNetworkFile(node, mtus)]);
    if (linkManagerOf(node) === "netplan") await mustOnHost(instance, node, ["netplan", "generate"]);
    if (!readsInterfaces(node)) await restartNetworkd(instance, node);
    await setMtu(instance, node, NODE_LINK, mtus.link);
    if (readsInterfaces(node)) await replaceDefaultRoutes(instance, node, mtus.route);
}

/**
 * A restart reads changed files without taking the link down, and unlike a reload there is an end of it to wait for.
 * Default routes go first: networkd would add its new ones beside those that differ in their MTU.
 */
async function restartNetworkd(instance: string, node: LabHost): Promise<void> {
    for (const family of ["-4", "-6"]) await mustOnHost(instance, node, ["ip", family, "route", "flush", "default"]);
    await mustOnHost(instance, node, ["systemctl", "restart", "systemd-networkd.service"]);
    const wait = ["/lib/systemd/systemd-networkd-wait-online", `--interface=${NODE_LINK}:routable`, "--timeout=20"];
    await mustOnHost(instance, node, wait);
}

async function replaceDefaultRoutes(instance: string, node: LabHost, mtu: number | null): Promise<void> {
    const limit = mtu === null ? [] : ["mtu", String(mtu)];
    for (const [family, gateway] of [["-4", VM_GATEWAY.ipv4] as const, ["-6", VM_GATEWAY.ipv6] as const]) {
        const route = ["default", "via", gateway, "dev", NODE_LINK, ...limit];
        await mustOnHost(instance, node, ["ip", family, "route", "replace", ...route]);
    }
}

function setMtu(instance: string, host: LabHost, link: string, mtu: number): Promise<void> {
    return mustOnHost(instance, host, ["ip", "link", "set", "dev", link, "mtu", String(mtu)]);
}

async function writeToHost(instance: string, host: LabHost, files: readonly HostFile[]): Promise<void> {
    await writeFiles(`/proc/${requireLeader(instance, host)}/root`, files);
}

async function mustOnHost(instance: string, host: LabHost, argv: readonly string[]): Promise<void> {
    const { code, stderr } = await execOnHost(instance, host, argv);
    if (code !== 0) throw new Error(`${host}: "${argv.join(" ")}" ended with code ${code}: ${stderr.trim()}`);
}
