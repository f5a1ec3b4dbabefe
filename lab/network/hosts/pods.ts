import type { Scenario } from "../scenario.ts";
import { type LabHost, NODE_LINK, nodeNames } from "../topology.ts";
import { execOnHost } from "./exec.ts";
import { disableOffloads } from "./wiring.ts";

/** Network namespace of a node's one pod, as the node itself calls it. */
export const POD_NAMESPACE = "cni-pod";

/** The bridge of a node's pods, as Flannel names it, and the pod's cable to it. */
const POD_BRIDGE = "cni0";
const POD_PORT = "veth0";
const POD_LINK = "eth0";

/** What both families of a node's pod network are made of: K3s gives every node a /24 of 10.42.0.0/16. */
function podNetwork(node: LabHost, workers: number) {
    const number = nodeNames(workers).indexOf(node);
    return {
        ipv4: { gateway: `10.42.${number}.1`, pod: `10.42.${number}.2`, subnet: `10.42.${number}.0/24` },
        ipv6: { gateway: `fd42:${number}::1`, pod: `fd42:${number}::2`, subnet: `fd42:${number}::/64` },
    };
}

/** Gives a running node a pod as the scenario has it, or takes it away: a network namespace behind a bridge. */
export async function applyPods(instance: string, node: LabHost, scenario: Scenario, workers: number): Promise<void> {
    const { pods } = scenario.nodes;
    await onNode(instance, node, REMOVE);
    if (pods === null) return;
    const { ipv4, ipv6 } = podNetwork(node, workers);
    await onNode(instance, node, [
        `ip link add ${POD_BRIDGE} mtu ${pods.mtu} type bridge`,
        `ip link add ${POD_PORT} mtu ${pods.mtu} type veth peer name pod0 mtu ${pods.mtu}`,
    ]);
    await disableOffloads(instance, node, [POD_BRIDGE, POD_PORT, "pod0"]);
    const inPod = `ip -n ${POD_NAMESPACE}`;
    await onNode(instance, node, [
        `ip netns add ${POD_NAMESPACE}`,
        `ip link set pod0 netns ${POD_NAMESPACE} name ${POD_LINK}`,
        `ip link set ${POD_PORT} master ${POD_BRIDGE} up`,
        `ip link set ${POD_BRIDGE} up`,
        `ip addr add ${ipv4.gateway}/24 dev ${POD_BRIDGE}`,
        `ip addr add ${ipv6.gateway}/64 dev ${POD_BRIDGE} nodad`,
        `${inPod} link set lo up`,
        `${inPod} link set ${POD_LINK} up`,
        `${inPod} addr add ${ipv4.pod}/24 dev ${POD_LINK}`,
        `${inPod} addr add ${ipv6.pod}/64 dev ${POD_LINK} nodad`,
        `${inPod} route add default via ${ipv4.gateway}`,
        `${inPod} route add default via ${ipv6.gateway}`,
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
        "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
        ...(pods.masquerade
            ? [
                  "nft add table inet cni",
                  "nft 'add chain inet cni postrouting { type nat hook postrouting priority srcnat; }'",
                  `nft add rule inet cni postrouting oifname ${NODE_LINK} ip saddr ${ipv4.subnet} masquerade`,
                  `nft add rule inet cni postrouting oifname ${NODE_LINK} ip6 saddr ${ipv6.subnet} masquerade`,
              ]
            : []),
    ]);
}

/** The cable goes first: the kernel takes a namespace's links away some time after the namespace. */
const REMOVE = [
    `if [ -e /sys/class/net/${POD_PORT} ]; then ip link del ${POD_PORT}; fi`,
    `if [ -e /run/netns/${POD_NAMESPACE} ]; then ip netns del ${POD_NAMESPACE}; fi`,
    `if [ -e /sys/class/net/${POD_BRIDGE} ]; then ip link del ${POD_BRIDGE}; fi`,
    "nft add table inet cni",
    "nft delete table inet cni",
];

async function onNode(instance: string, node: LabHost, lines: readonly string[]): Promise<void> {
    const { code, stderr } = await execOnHost(instance, node, ["sh", "-e"], { stdin: `${lines.join("\n")}\n` });
    if (code !== 0) throw new Error(`${node}: its pod's network could not be set up: ${stderr.trim()}`);
}
