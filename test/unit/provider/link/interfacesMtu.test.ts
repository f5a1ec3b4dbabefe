import { describe, expect, it } from "vitest";
import { BootRefusal } from "../../../../provider/host/link/bootRefusal.ts";
import { hasStanza, type IfupdownFlavour, withInterfacesMtu } from "../../../../provider/host/link/interfacesMtu.ts";

const MAIN = "/etc/network/interfaces";
const PROXMOX = `auto lo
iface lo inet loopback

iface eno1 inet manual

auto vmbr1
iface vmbr1 inet static
\taddress 10.27.27.1/24
\tbridge-ports none
\t# VMs
\tpost-up echo 1 > /proc/sys/net/ipv4/ip_forward

iface vmbr1 inet6 static
\taddress 2001:db8:27::1/64

source /etc/network/interfaces.d/*
`;

function changed(text: string, link: string, mtu: number, flavour: IfupdownFlavour): string {
    return withInterfacesMtu(new Map([[MAIN, text]]), link, mtu, flavour).get(MAIN) ?? text;
}

describe("an interfaces file", () => {
    it("knows whether it has a stanza for a link", () => {
        expect(hasStanza(new Map([[MAIN, PROXMOX]]), "vmbr1")).toBe(true);
        expect(hasStanza(new Map([[MAIN, PROXMOX]]), "vmbr")).toBe(false);
    });

    it("gets the MTU into every stanza of the link for ifupdown2, indented like its neighbours", () => {
        expect(changed(PROXMOX, "vmbr1", 1400, "ifupdown2")).toBe(
            PROXMOX.replace("ip_forward\n", "ip_forward\n\tmtu 1400\n").replace("::1/64\n", "::1/64\n\tmtu 1400\n"),
        );
    });

    it("gets it under a stanza that has no options yet", () => {
        expect(changed(PROXMOX, "eno1", 9000, "ifupdown2")).toBe(
            PROXMOX.replace("eno1 inet manual\n", "eno1 inet manual\n    mtu 9000\n"),
        );
    });

    it("gets another value in the same place", () => {
        const once = changed(PROXMOX, "vmbr1", 1400, "ifupdown2");
        expect(changed(once, "vmbr1", 1390, "ifupdown2")).toBe(once.replaceAll("1400", "1390"));
    });

    it("gets it into the first inet stanza for ifupdown", () => {
        expect(changed(PROXMOX, "vmbr1", 1400, "ifupdown")).toBe(
            PROXMOX.replace("ip_forward\n", "ip_forward\n\tmtu 1400\n"),
        );
    });

    it("gets a command after DHCP for ifupdown, whose lease would set another", () => {
        const dhcp = "auto eth0\niface eth0 inet dhcp\n";
        const once = changed(dhcp, "eth0", 1400, "ifupdown");
        expect(once).toBe(`${dhcp}    post-up ip link set dev eth0 mtu 1400\n`);
        expect(changed(once, "eth0", 1390, "ifupdown")).toBe(once.replace("1400", "1390"));
    });
});

/** Stanzas of eth0 as other people write them, and what they become for an MTU of 1400. */
const eth0 = (...lines: string[]) => ["auto eth0", ...lines, ""].join("\n");
const STATIC = "iface eth0 inet static";
const kinds: [string, IfupdownFlavour, string, string][] = [
    [
        "a comment behind the value, which is part of it",
        "ifupdown",
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 9000 # jumbo"),
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400"),
    ],
    [
        "a comment behind the value, for ifupdown2",
        "ifupdown2",
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 9000 # jumbo"),
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400"),
    ],
    [
        "the option twice: ifupdown joins both lines",
        "ifupdown",
        eth0(STATIC, "    mtu 9000", "    address 192.0.2.10/24", "    mtu 1450"),
        eth0(STATIC, "    mtu 1400", "    address 192.0.2.10/24"),
    ],
    [
        "a value on a continuation line",
        "ifupdown",
        eth0(STATIC, "  mtu \\", "    9000", "  address 192.0.2.10/24"),
        eth0(STATIC, "  mtu 1400", "  address 192.0.2.10/24"),
    ],
    [
        "an MTU of an inherited stanza",
        "ifupdown",
        `iface lan inet static\n  mtu 9000\n${eth0(`${STATIC} inherits lan`, "  address 192.0.2.10/24")}`,
        `iface lan inet static\n  mtu 9000\n${eth0(`${STATIC} inherits lan`, "  address 192.0.2.10/24", "  post-up ip link set dev eth0 mtu 1400")}`,
    ],
    [
        "an inet6 stanza before the inet one",
        "ifupdown",
        eth0("iface eth0 inet6 static", "\taddress 2001:db8::10/64", STATIC, "\taddress 192.0.2.10/24"),
        eth0("iface eth0 inet6 static", "\taddress 2001:db8::10/64", STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400"),
    ],
    [
        "a second inet stanza with an MTU, which would win",
        "ifupdown",
        eth0(STATIC, "\taddress 192.0.2.10/24", STATIC, "\taddress 192.0.2.11/24", "\tmtu 9000"),
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400", STATIC, "\taddress 192.0.2.11/24", "\tmtu 1400"),
    ],
    [
        "an inet6 stanza with a larger MTU, which would raise the link's",
        "ifupdown",
        eth0(STATIC, "\taddress 192.0.2.10/24", "iface eth0 inet6 auto", "\tmtu 9000"),
        eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400", "iface eth0 inet6 auto", "\tmtu 1400"),
    ],
    [
        "an inet6 stanza alone, whose option does not lower the link's MTU",
        "ifupdown",
        eth0("iface eth0 inet6 static", "\taddress 2001:db8::10/64"),
        eth0("iface eth0 inet6 static", "\taddress 2001:db8::10/64", "\tpost-up ip link set dev eth0 mtu 1400"),
    ],
    [
        "a command before the link is up, which the option overrides",
        "ifupdown",
        eth0(STATIC, "\tpre-up ip link set dev eth0 mtu 9000", "\taddress 192.0.2.10/24"),
        eth0(STATIC, "\tpre-up ip link set dev eth0 mtu 9000", "\taddress 192.0.2.10/24", "\tmtu 1400"),
    ],
    [
        "a command for another link, and one for a route",
        "ifupdown",
        eth0(STATIC, "\tup ip link set dev eth1 mtu 9000", "\tup ip route add 198.51.100.0/24 dev eth0 mtu 1300"),
        eth0(
            STATIC,
            "\tup ip link set dev eth1 mtu 9000",
            "\tup ip route add 198.51.100.0/24 dev eth0 mtu 1300",
            "\tmtu 1400",
        ),
    ],
];

describe("stanzas as other people write them", () => {
    it.each(kinds)("come out right: %s", (_, flavour, before, after) => {
        expect(changed(before, "eth0", 1400, flavour)).toBe(after);
        expect(changed(after, "eth0", 1400, flavour)).toBe(after);
    });

    it("that are in two files get the MTU where it counts, in each of them", () => {
        const extra = "/etc/network/interfaces.d/second";
        const files = new Map([
            [MAIN, eth0(STATIC, "\taddress 192.0.2.10/24")],
            [extra, `${STATIC}\n\taddress 192.0.2.11/24\n\tmtu 9000\n`],
        ]);
        expect([...withInterfacesMtu(files, "eth0", 1400, "ifupdown")]).toEqual([
            [MAIN, eth0(STATIC, "\taddress 192.0.2.10/24", "\tmtu 1400")],
            [extra, `${STATIC}\n\taddress 192.0.2.11/24\n\tmtu 1400\n`],
        ]);
    });
});

const refusals: [string, string, string][] = [
    ["post-up with the device behind the MTU", eth0(STATIC, "\tpost-up ip link set mtu 9000 dev eth0"), `${MAIN}:3`],
    [
        "post-up with $IFACE",
        eth0(STATIC, " address 192.0.2.1/24", " post-up ip link set dev $IFACE mtu 9000"),
        `${MAIN}:4`,
    ],
    ["up with ${IFACE} in quotes", eth0(STATIC, '  up ip link set dev "${IFACE}" mtu 8900'), `${MAIN}:3`],
    ["up with ifconfig", eth0(STATIC, "  up /sbin/ifconfig eth0 mtu 1458"), `${MAIN}:3`],
    ["up that writes into sysfs", eth0(STATIC, "  up echo 9000 > /sys/class/net/eth0/mtu"), `${MAIN}:3`],
    [
        "the second command of a line",
        eth0(STATIC, "  up ethtool -K eth0 tso off && ip l set eth0 mtu 9000"),
        `${MAIN}:3`,
    ],
    [
        "an inherited command",
        `iface lan inet static\n  up ip link set $IFACE mtu 9000\n${eth0(`${STATIC} inherits lan`)}`,
        `${MAIN}:2`,
    ],
    ["a value that only the boot knows", eth0(STATIC, "  up ip link set dev eth0 mtu $MTU"), `${MAIN}:3`],
    ["a mapping", eth0(STATIC).replace("auto eth0", "mapping eth*\n\tscript /bin/choose"), `${MAIN}:1`],
    ["a pattern with another stanza's name", eth0(STATIC).replace("auto eth0", "auto /eth*=lan"), `${MAIN}:1`],
    ["an Open vSwitch port", eth0(STATIC, "  ovs_type OVSIntPort", "  ovs_bridge vmbr0"), `${MAIN}:3`],
];

it.each(refusals)("refuses with file and line what would decide the MTU: %s", (_, text, place) => {
    for (const flavour of ["ifupdown", "ifupdown2"] as const) {
        const attempt = () => changed(text, "eth0", 1400, flavour);
        expect(attempt).toThrow(BootRefusal);
        expect(attempt).toThrow(`${place} `);
    }
});
