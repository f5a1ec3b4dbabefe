import { internetAddresses } from "../internet/addresses.ts";
import type { Scenario } from "../scenario.ts";
import { addressOf, type LabHost, VM_GATEWAY } from "../topology.ts";
import { execOnHost } from "./exec.ts";

/**
 * Sends a node what a router would: frag-needed and packet-too-big for an echo reply to each destination, which kernels
 * believe without a socket that sent one (icmp_err in net/ipv4/icmp.c, icmpv6_err in net/ipv6/icmp.c).
 */
const TELL = `
import json, socket, struct, sys
asked = json.load(sys.stdin)

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF

def pack(family, address):
    return socket.inet_pton(family, address)

node4, node6 = pack(socket.AF_INET, asked["node"]["ipv4"]), pack(socket.AF_INET6, asked["node"]["ipv6"])
v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
for far in asked["destinations"]:
    echo = struct.pack("!BBHHH", 0, 0, 0xFFFF, 0, 0)
    quoted = struct.pack("!BBHHHBBH", 0x45, 0, 1500, 0, 0x4000, 64, 1, 0) + node4 + pack(socket.AF_INET, far["ipv4"]) + echo
    told = struct.pack("!BBHHH", 3, 4, 0, 0, asked["mtu"]) + quoted
    told = told[:2] + struct.pack("!H", checksum(told)) + told[4:]
    v4.sendto(told, (asked["node"]["ipv4"], 0))
    quoted = struct.pack("!IHBB", 6 << 28, 1460, 58, 64) + node6 + pack(socket.AF_INET6, far["ipv6"]) + struct.pack("!BBHHH", 129, 0, 0, 0, 0)
    v6.sendto(struct.pack("!BBHI", 2, 0, 0, max(1280, asked["mtu"])) + quoted, (asked["node"]["ipv6"], 0))
`;

/** Has a running node learn the scenario's path MTU towards every host of the internet; the kernel keeps it 10 minutes. */
export async function learnMtu(instance: string, node: LabHost, scenario: Scenario): Promise<void> {
    const { learntMtu, overrides } = scenario.nodes;
    const own = overrides[node]?.learntMtu;
    const learnt = own === undefined ? learntMtu : own;
    if (learnt === null) return;
    const destinations = Object.values(internetAddresses(scenario.internet.addressSeed));
    const asked = { node: addressOf(node), mtu: learnt, destinations };
    const { code, stderr } = await execOnHost(instance, "pve", ["python3", "-c", TELL], {
        stdin: JSON.stringify(asked),
    });
    if (code !== 0) throw new Error(`${node} could not be told a path MTU from ${VM_GATEWAY.ipv4}: ${stderr.trim()}`);
}
