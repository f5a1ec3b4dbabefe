import type { HostFile } from "./hosts/settings.ts";
import { internetAddresses } from "./internet/addresses.ts";
import type { Scenario } from "./scenario.ts";
import {
    addressOf,
    GATEWAY_BRIDGES,
    GATEWAY_UPLINK,
    type InternetHost,
    LAN,
    type LabHost,
    VM_GATEWAY,
    VM_SUBNET,
    vmNames,
    vmPort,
} from "./topology.ts";

const prefixLength = (subnet: string): string => subnet.slice(subnet.indexOf("/"));

/** First source port of a masquerade that has few of them. */
const FIRST_NAT_PORT = 20_000;

/** Where the Proxmox host keeps its own firewall rules, as Debian's iptables-persistent does. */
const RULES_V4 = "/etc/iptables/rules.v4";
const RULES_V6 = "/etc/iptables/rules.v6";

/** Commands that load those rules, replacing what the same tables held. No other table is touched. */
export const LOAD_RULES = [
    ["iptables-restore", RULES_V4],
    ["ip6tables-restore", RULES_V6],
] as const;

/** Configuration of the Proxmox host's network: bridges by ifupdown2, routing and NAT by post-up lines, as its manual shows. */
export function gatewayFiles(scenario: Scenario, workers: number, cacheHost = false): HostFile[] {
    return [
        { path: "/etc/network/interfaces", content: interfaces(scenario, vmNames(workers, cacheHost)) },
        { path: RULES_V4, content: rulesV4(scenario) },
        { path: RULES_V6, content: rulesV6(scenario) },
    ];
}

function interfaces(scenario: Scenario, virtualMachines: readonly LabHost[]): string {
    const pve = addressOf("pve");
    const isp = addressOf("isp");
    const { lan, vms } = GATEWAY_BRIDGES;
    return text([
        "auto lo",
        "iface lo inet loopback",
        "",
        `iface ${GATEWAY_UPLINK} inet manual`,
        "",
        `auto ${lan}`,
        `iface ${lan} inet static`,
        `\taddress ${pve.ipv4}${prefixLength(LAN.ipv4)}`,
        `\tgateway ${isp.ipv4}`,
        `\tbridge-ports ${GATEWAY_UPLINK}`,
        "\tbridge-stp off",
        "\tbridge-fd 0",
        "",
        `iface ${lan} inet6 static`,
        `\taddress ${pve.ipv6}${prefixLength(LAN.ipv6)}`,
        `\tgateway ${isp.ipv6}`,
        "",
        `auto ${vms}`,
        `iface ${vms} inet static`,
        `\taddress ${VM_GATEWAY.ipv4}${prefixLength(VM_SUBNET.ipv4)}`,
        `\tbridge-ports ${virtualMachines.map(vmPort).join(" ")}`,
        "\tbridge-stp off",
        "\tbridge-fd 0",
        ...(scenario.gateway.bridgeMtu === 1500 ? [] : [`\tmtu ${scenario.gateway.bridgeMtu}`]),
        "\tpost-up echo 1 > /proc/sys/net/ipv4/ip_forward",
        "\tpost-up echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        ...LOAD_RULES.map(command => `\tpost-up ${command.join(" ")}`),
        "",
        `iface ${vms} inet6 static`,
        `\taddress ${VM_GATEWAY.ipv6}${prefixLength(VM_SUBNET.ipv6)}`,
    ]);
}

function rulesV4({ gateway, internet }: Scenario): string {
    const addresses = internetAddresses(internet.addressSeed);
    const masquerade = `-A POSTROUTING -s ${VM_SUBNET.ipv4} -o ${GATEWAY_BRIDGES.lan}`;
    const lastPort = FIRST_NAT_PORT + gateway.natPorts - 1;
    const fewPorts = ["tcp", "udp"].map(
        protocol => `${masquerade} -p ${protocol} -j MASQUERADE --to-ports ${FIRST_NAT_PORT}-${lastPort}`,
    );
    return text([
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":INPUT ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        ":POSTROUTING ACCEPT [0:0]",
        ...(gateway.natPorts === 0 ? [] : fewPorts),
        `${masquerade} -j MASQUERADE`,
        "COMMIT",
        ...filter([
            ...(gateway.icmpFragNeeded === "drop"
                ? ["-A FORWARD -p icmp -m icmp --icmp-type fragmentation-needed -j DROP"]
                : []),
            ...blocked(gateway.blockFromVms, addresses, "ipv4"),
        ]),
    ]);
}

function rulesV6({ gateway, internet }: Scenario): string {
    const addresses = internetAddresses(internet.addressSeed);
    return text(
        filter([
            ...(gateway.icmpFragNeeded === "drop"
                ? ["-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big -j DROP"]
                : []),
            ...blocked(gateway.blockFromVms, addresses, "ipv6"),
        ]),
    );
}

function filter(rules: readonly string[]): string[] {
    return ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ...rules, "COMMIT"];
}

/** Drops what VMs send to host names of the lab's internet, addresses or networks. */
function blocked(
    targets: readonly string[],
    addresses: ReturnType<typeof internetAddresses>,
    family: "ipv4" | "ipv6",
): string[] {
    return targets
        .map(target => (target in addresses ? addresses[target as InternetHost][family] : target))
        .filter(address => address.includes(":") === (family === "ipv6"))
        .map(address => `-A FORWARD -s ${VM_SUBNET[family]} -d ${address} -j DROP`);
}

function text(lines: readonly string[]): string {
    return `${lines.join("\n")}\n`;
}
