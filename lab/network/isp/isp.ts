import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { IpFamily } from "../../../network/family.ts";
import { mssForPath } from "../../../network/mss.ts";
import { must } from "../command.ts";
import { startDaemon, stopDaemon, stopDaemons } from "../daemon.ts";
import { namespacesOf } from "../hosts/wiring.ts";
import {
    addNamespace,
    deleteNamespace,
    forgetPaths,
    insideNamespace,
    ipBatch,
    linkNames,
    setSysctls,
} from "../namespace.ts";
import type { Scenario } from "../scenario.ts";
import { addressOf, INTERNET, ISP_BRIDGE, LAN, labPaths, pathLink, VM_SUBNET } from "../topology.ts";
import { narrowHosts } from "./narrowHosts.ts";
import { forwarderConfig } from "./path.ts";

const FORWARDER = fileURLToPath(new URL("./forwarder.py", import.meta.url));

/** MTU of the devices at a path's ends: the packets that enter are no larger than on the local Ethernet. */
const TUN_MTU = 1500;
/** Takes bursts that wait for the forwarder without losing any uncounted. */
const TUN_QUEUE_PACKETS = 5000;

/** Hosts at the two ends of every path. */
const ENDS = ["isp", "internet"] as const;

/** Source and destination address, protocol, source and destination port: see fib_multipath_hash_fields in ip-sysctl. */
const FLOW_FIELDS = 0x0037;

/**
 * Both ends route by flow, as providers hash ECMP, and accept answers by another path. Policy 1 would not do: packets
 * keep the hash of the socket that sent them on their way through this kernel, and it prefers that to the ports.
 */
const ROUTER_SYSCTLS = {
    "net.ipv4.fib_multipath_hash_policy": 3,
    "net.ipv6.fib_multipath_hash_policy": 3,
    "net.ipv4.fib_multipath_hash_fields": FLOW_FIELDS,
    "net.ipv6.fib_multipath_hash_fields": FLOW_FIELDS,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv6.conf.all.accept_ra": 0,
    "net.ipv6.conf.default.accept_ra": 0,
    "net.ipv6.conf.all.accept_dad": 0,
    "net.ipv6.conf.default.accept_dad": 0,
};

/**
 * Makes the provider's router and its paths to the internet: namespaces `isp` and `internet`, the bridge `lan0` with the
 * router's address, to which the links of the local network connect, and one forwarder for each path of the scenario.
 */
export async function startIsp(
    instance: string,
    scenario: Scenario,
    onProgress: (sentence: string) => void = () => {},
): Promise<void> {
    onProgress(`isp: ${scenario.internet.paths.length} path(s) to the internet`);
    await Promise.all([addNamespace(instance, "isp"), addNamespace(instance, "internet")]);
    await Promise.all([
        setSysctls(instance, "isp", {
            ...ROUTER_SYSCTLS,
            "net.ipv4.ip_forward": 1,
            "net.ipv6.conf.all.forwarding": 1,
        }),
        setSysctls(instance, "internet", ROUTER_SYSCTLS),
    ]);
    await makeLan(instance);
    await applyIsp(instance, scenario);
}

/** Makes the paths those of the scenario, and has every host forget what it learnt about the paths before. */
export async function applyIsp(instance: string, scenario: Scenario): Promise<void> {
    const { paths } = scenario.internet;
    const wanted = paths.map((_, index) => pathLink(index).name);
    const surplus = (await linkNames(instance, "isp")).filter(name => /^path\d/.test(name) && !wanted.includes(name));
    await Promise.all(surplus.map(name => removePath(instance, name)));
    await Promise.all(paths.map((_, index) => makePath(instance, index)));
    await Promise.all([routeToInternet(instance, scenario), routeToLan(instance, scenario)]);
    await must("narrow the way to single hosts", insideNamespace(instance, "isp", ["nft", "-f", "-"]), {
        stdin: narrowHosts(scenario),
    });
    const hosts = namespacesOf(instance).map(namespace => namespace.slice(instance.length + 1));
    await Promise.all(hosts.map(host => forgetPaths(instance, host)));
    await Promise.all(paths.map((_, index) => startForwarder(instance, scenario, index)));
}

/** Ends the forwarders and removes both namespaces. */
export async function stopIsp(instance: string): Promise<void> {
    await stopDaemons(instance, "path");
    await Promise.all([deleteNamespace(instance, "isp"), deleteNamespace(instance, "internet")]);
}

async function makeLan(instance: string): Promise<void> {
    const router = addressOf("isp");
    const gateway = addressOf("pve");
    if (!(await linkNames(instance, "isp")).includes(ISP_BRIDGE)) {
        await ipBatch(instance, "isp", [`link add ${ISP_BRIDGE} type bridge`]);
    }
    await ipBatch(instance, "isp", [
        `link set ${ISP_BRIDGE} up`,
        `addr replace ${router.ipv4}/${prefixLength(LAN.ipv4)} dev ${ISP_BRIDGE}`,
        `addr replace ${router.ipv6}/${prefixLength(LAN.ipv6)} dev ${ISP_BRIDGE} nodad`,
        `route replace ${VM_SUBNET.ipv6} via ${gateway.ipv6} dev ${ISP_BRIDGE}`,
    ]);
}

/** TUN devices that outlive their forwarder, so that routes stay when it is replaced by one with other settings. */
async function makePath(instance: string, index: number): Promise<void> {
    const { name, isp, internet } = pathLink(index);
    await Promise.all(
        ENDS.map(async host => {
            const [own, peer] = host === "isp" ? [isp, internet] : [internet, isp];
            await ipBatch(instance, host, [
                ...((await linkNames(instance, host)).includes(name) ? [] : [`tuntap add dev ${name} mode tun`]),
                `link set ${name} mtu ${TUN_MTU} txqueuelen ${TUN_QUEUE_PACKETS} up`,
                `addr replace ${own.ipv4} peer ${peer.ipv4}/32 dev ${name}`,
                `addr replace ${own.ipv6} peer ${peer.ipv6}/128 dev ${name} nodad`,
            ]);
        }),
    );
}

async function removePath(instance: string, name: string): Promise<void> {
    await stopDaemon(instance, name);
    await Promise.all(ENDS.map(host => ipBatch(instance, host, [`link del ${name}`])));
}

async function routeToInternet(instance: string, scenario: Scenario): Promise<void> {
    await ipBatch(instance, "isp", [
        ...INTERNET.ipv4.map(network => `route replace ${network} ${nextHops(scenario, "internet", "ipv4")}`),
        ...INTERNET.ipv6.map(network => `route replace ${network} ${nextHops(scenario, "internet", "ipv6")}`),
    ]);
}

/**
 * Servers advertise the MSS of their own link, as those behind load balancers do. By default Linux advertises what it has
 * learnt of the path, and one frag-needed that reaches a server would also repair the client's uploads to it.
 */
async function routeToLan(instance: string, scenario: Scenario): Promise<void> {
    const route = (network: string, family: IpFamily) =>
        `route replace ${network} advmss ${mssForPath(TUN_MTU, family)} ${nextHops(scenario, "isp", family)}`;
    await ipBatch(instance, "internet", [
        route(LAN.ipv4, "ipv4"),
        ...[LAN.ipv6, VM_SUBNET.ipv6].map(network => route(network, "ipv6")),
    ]);
}

/** All paths towards one side, with their weights. */
function nextHops(scenario: Scenario, towards: "isp" | "internet", family: IpFamily): string {
    const { paths } = scenario.internet;
    return paths
        .map(({ weight }, index) => {
            const link = pathLink(index);
            const hop = `via ${link[towards][family]} dev ${link.name}`;
            return paths.length === 1 ? hop : `nexthop ${hop} weight ${weight}`;
        })
        .join(" ");
}

async function startForwarder(instance: string, scenario: Scenario, index: number): Promise<void> {
    const directory = join(labPaths(instance).run, "isp");
    mkdirSync(directory, { recursive: true });
    const { name } = pathLink(index);
    const file = join(directory, `${name}.json`);
    writeFileSync(file, JSON.stringify(forwarderConfig(instance, scenario, index), null, 2));
    // -S and -B: no site packages, and no byte code written beside the source.
    await startDaemon(instance, {
        name,
        argv: ["/usr/bin/python3", "-S", "-B", FORWARDER, file],
        readyLine: "ready",
    });
}

function prefixLength(network: string): string {
    return network.split("/")[1]!;
}
