import { homedir } from "node:os";
import { join } from "node:path";
import type { IpFamily, PerFamily } from "../../network/family.ts";

/**
 * The lab's map: which hosts there are, how they are wired, and every address. Pure: nothing here touches the machine.
 *
 * ```
 * internet ══ path0..N ══ isp lan0 ─┬─ eno1 pve: vmbr0 │ vmbr1 ─┬─ tap111i0 ── eth0 cp1
 *                                   └─ eth0 runner              └─ tap121i0 ── eth0 worker1, …
 * ```
 */

/** A host of the lab: `internet`, `isp`, `pve`, `cp1`, `worker1`…, `registry` or `runner`. */
export type LabHost = string;

/** The host beside the cluster that a pull-through cache can be put on. Only labs that are asked for it have it. */
export const CACHE_HOST = "registry";

/** Hosts that boot an operating system of their own. */
export function bootedHosts(workers: number, cacheHost = false): LabHost[] {
    return ["pve", ...vmNames(workers, cacheHost)];
}

/** VMs of the Proxmox host: the cluster's nodes, and the host for a cache. */
export function vmNames(workers: number, cacheHost = false): LabHost[] {
    return [...nodeNames(workers), ...(cacheHost ? [CACHE_HOST] : [])];
}

/** The cluster's nodes: `cp1` and as many workers as asked for. */
export function nodeNames(workers: number): LabHost[] {
    return ["cp1", ...Array.from({ length: workers }, (_, index) => `worker${index + 1}`)];
}

/** Whether a host boots an operating system; the others are namespaces with programs of the lab in them. */
export function bootsSystem(host: LabHost): boolean {
    return !PROGRAM_HOSTS.includes(host);
}

const PROGRAM_HOSTS: readonly LabHost[] = ["internet", "isp", "runner"];

export function allHosts(workers: number, cacheHost = false): LabHost[] {
    return [...PROGRAM_HOSTS, ...bootedHosts(workers, cacheHost)];
}

/** Most workers a lab can have: as many as scenarios may ask for. */
export const MOST_WORKERS = 9;

/** The instance named by the environment, so that several labs can run side by side. */
export function defaultInstance(environment: NodeJS.ProcessEnv = process.env): string {
    return environment.CLEARPATH_LAB || "lab";
}

/** A word that can be part of a namespace, a path and a host name. */
export function isInstanceName(name: string): boolean {
    return /^[a-z][a-z0-9]{0,19}$/.test(name);
}

/** Name of a host's network namespace, as `ip netns` shows it. */
export function namespaceOf(instance: string, host: LabHost): string {
    return `${instance}-${host}`;
}

/** The file that holds a host's network namespace, for `nsenter --net=` and `setns`. */
export function namespacePath(instance: string, host: LabHost): string {
    return `/run/netns/${namespaceOf(instance, host)}`;
}

/** A subnet in both families: network with prefix length, and the prefix length alone. */
export interface Subnet {
    ipv4: `${string}/${number}`;
    ipv6: `${string}/${number}`;
}

/** The local network, between the isp's router, the Proxmox host and the runner. */
export const LAN: Subnet = { ipv4: "192.168.77.0/24", ipv6: "2001:db8:77::/64" };

/** The VMs' network behind the Proxmox host. */
export const VM_SUBNET: Subnet = { ipv4: "10.27.27.0/24", ipv6: "2001:db8:27::/64" };

/** The gateway's address in the VMs' network. */
export const VM_GATEWAY: PerFamily<string> = { ipv4: "10.27.27.1", ipv6: "2001:db8:27::1" };

/** The whole lab internet, documentation prefixes of RFC 5737 and RFC 3849. */
export const INTERNET: Record<IpFamily, readonly string[]> = {
    ipv4: ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
    ipv6: ["2001:db8:1::/48"],
};

/** Address of a host's interface towards the rest: LAN for isp, pve and runner, VM network for the nodes. */
export function addressOf(host: LabHost): PerFamily<string> {
    const lan = { isp: 1, pve: 2, runner: 10 }[host];
    if (lan !== undefined) return { ipv4: `192.168.77.${lan}`, ipv6: `2001:db8:77::${lan}` };
    const vm = vmNumber(host);
    return { ipv4: `10.27.27.${vm}`, ipv6: `2001:db8:27::${vm}` };
}

/** Last part of a node's addresses: cp1 is 11, the workers count from 21. */
function vmNumber(host: LabHost): number {
    if (host === CACHE_HOST) return 5;
    if (host === "cp1") return 11;
    const worker = /^worker([1-9][0-9]?)$/.exec(host);
    if (!worker || Number(worker[1]) > MOST_WORKERS) {
        throw new Error(
            `${host} is no host of the lab. Its hosts are internet, isp, pve, cp1, worker1…, registry and runner.`,
        );
    }
    return 20 + Number(worker[1]);
}

/** One veth pair: an end in each of two hosts' namespaces, both made directly where they stay. */
export interface Link {
    ends: readonly [{ host: LabHost; name: string; mac: string }, { host: LabHost; name: string; mac: string }];
}

/** Every veth pair of a lab. The paths between isp and internet are not among them: they are TUN devices. */
export function links(workers: number, cacheHost = false): Link[] {
    const toLan = (host: LabHost, name: string): Link => ({
        ends: [
            { host: "isp", name: `lan-${host}`, mac: macOf(host, "far") },
            { host, name, mac: macOf(host, "near") },
        ],
    });
    const toVms = (host: LabHost): Link => ({
        ends: [
            { host: "pve", name: vmPort(host), mac: macOf(host, "far") },
            { host, name: NODE_LINK, mac: macOf(host, "near") },
        ],
    });
    return [toLan("pve", GATEWAY_UPLINK), toLan("runner", "eth0"), ...vmNames(workers, cacheHost).map(toVms)];
}

/** The Proxmox host's port in the local network, a member of vmbr0. */
export const GATEWAY_UPLINK = "eno1";
/** The bridge that carries the Proxmox host's own address, and the one its VMs are plugged into. */
export const GATEWAY_BRIDGES = { lan: "vmbr0", vms: "vmbr1" } as const;
/** The isp's bridge for the local network; it has the router's address. */
export const ISP_BRIDGE = "lan0";
/** A node's one interface. */
export const NODE_LINK = "eth0";

/** A VM's port on vmbr1, named as Proxmox names the tap of VM number 100 + N. */
export function vmPort(host: LabHost): string {
    return `tap${100 + vmNumber(host)}i0`;
}

/** Fixed MAC addresses, so that a reboot or a rebuild meets the same neighbour. Locally administered; bc:24:11 is Proxmox's own. */
export function macOf(host: LabHost, end: "near" | "far"): string {
    const number = { isp: 1, pve: 2, runner: 10 }[host] ?? 100 + vmNumber(host);
    return `02:24:11:00:0${end === "near" ? 0 : 1}:${number.toString(16).padStart(2, "0")}`;
}

/** A path between isp and internet: a TUN device in each of the two namespaces, and the transit addresses on them. */
export interface PathLink {
    name: string;
    isp: PerFamily<string>;
    internet: PerFamily<string>;
}

/** TUN devices are named alike on both sides. Addresses are of RFC 6598 (carrier-grade) space and of the lab's own /64s. */
export function pathLink(index: number): PathLink {
    return {
        name: `path${index}`,
        isp: { ipv4: `100.64.${index}.1`, ipv6: `2001:db8:64:${index}::1` },
        internet: { ipv4: `100.64.${index}.2`, ipv6: `2001:db8:64:${index}::2` },
    };
}

/** The resolver every host of the lab asks. */
export const DNS_SERVER: PerFamily<string> = { ipv4: "192.0.2.53", ipv6: "2001:db8:1::53" };

/** Names the internet answers for, and their addresses: the plan's endpoints, and the blob hosts that registries redirect to. */
export const INTERNET_HOSTS = {
    "ghcr.io": { ipv4: "192.0.2.10", ipv6: "2001:db8:1:2::10" },
    "pkg-containers.githubusercontent.com": { ipv4: "192.0.2.11", ipv6: "2001:db8:1:2::11" },
    "quay.io": { ipv4: "192.0.2.20", ipv6: "2001:db8:1:2::20" },
    "cdn01.quay.io": { ipv4: "192.0.2.21", ipv6: "2001:db8:1:2::21" },
    "registry-1.docker.io": { ipv4: "198.51.100.10", ipv6: "2001:db8:1:51::10" },
    "auth.docker.io": { ipv4: "198.51.100.11", ipv6: "2001:db8:1:51::11" },
    "production.cloudflare.docker.com": { ipv4: "198.51.100.12", ipv6: "2001:db8:1:51::12" },
    "registry.k8s.io": { ipv4: "203.0.113.10", ipv6: "2001:db8:1:113::10" },
    "europe-west3-docker.pkg.dev": { ipv4: "203.0.113.11", ipv6: "2001:db8:1:113::11" },
    "oci.external-secrets.io": { ipv4: "203.0.113.20", ipv6: "2001:db8:1:113::20" },
    "api.doppler.com": { ipv4: "203.0.113.30", ipv6: "2001:db8:1:113::30" },
} as const satisfies Record<string, PerFamily<string>>;

export type InternetHost = keyof typeof INTERNET_HOSTS;

/** Where a lab keeps things. Nothing outside of these directories and /run/netns is written. */
export interface LabPaths {
    /** Base system, downloaded packages, test images, the lab's CA: survives `lab down`. */
    cache: string;
    /** State of one running instance: keys, process list, lock, scenario. Gone after `lab down`. */
    run: string;
    /** Upper layers of one instance's hosts. Gone after `lab down`. */
    overlays: string;
}

export function labPaths(instance: string, environment: NodeJS.ProcessEnv = process.env): LabPaths {
    return {
        cache: cacheDirectory(environment),
        run: `/run/clearpath-lab/${instance}`,
        overlays: `/var/lib/clearpath-lab/${instance}`,
    };
}

/** Directory of everything the lab downloads or builds once, shared by all instances. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
    const cache =
        environment.CLEARPATH_CACHE ||
        join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), ".cache"), "clearpath");
    return join(cache, "lab");
}

/** PEM file of the certificate authority that signs the lab internet's certificates and that every host trusts. */
export function labCaPath(environment: NodeJS.ProcessEnv = process.env): string {
    return join(cacheDirectory(environment), "tls", "ca.pem");
}
