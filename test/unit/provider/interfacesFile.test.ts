import { describe, expect, it } from "vitest";
import { hasStanza, withDhclientMtu, withInterfaceMtu, withKeyfileMtu } from "../../../provider/host/interfacesFile.ts";

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

describe("an interfaces file", () => {
    it("knows whether it has a stanza for a link", () => {
        expect(hasStanza(PROXMOX, "vmbr1")).toBe(true);
        expect(hasStanza(PROXMOX, "vmbr")).toBe(false);
    });

    it("gets the MTU into every stanza of the link for ifupdown2, indented like its neighbours", () => {
        expect(withInterfaceMtu(PROXMOX, "vmbr1", 1400, "ifupdown2")).toBe(
            PROXMOX.replace("ip_forward\n", "ip_forward\n\tmtu 1400\n").replace("::1/64\n", "::1/64\n\tmtu 1400\n"),
        );
    });

    it("gets it under a stanza that has no options yet", () => {
        expect(withInterfaceMtu(PROXMOX, "eno1", 9000, "ifupdown2")).toBe(
            PROXMOX.replace("eno1 inet manual\n", "eno1 inet manual\n    mtu 9000\n"),
        );
    });

    it("gets another value in the same place", () => {
        const once = withInterfaceMtu(PROXMOX, "vmbr1", 1400, "ifupdown2");
        expect(withInterfaceMtu(once, "vmbr1", 1390, "ifupdown2")).toBe(once.replaceAll("1400", "1390"));
    });

    it("gets it into the first stanza for ifupdown", () => {
        expect(withInterfaceMtu(PROXMOX, "vmbr1", 1400, "ifupdown")).toBe(
            PROXMOX.replace("ip_forward\n", "ip_forward\n\tmtu 1400\n"),
        );
    });

    it("gets a command after DHCP for ifupdown, whose lease would set another", () => {
        const dhcp = "auto eth0\niface eth0 inet dhcp\n";
        const once = withInterfaceMtu(dhcp, "eth0", 1400, "ifupdown");
        expect(once).toBe(`${dhcp}    post-up ip link set dev eth0 mtu 1400\n`);
        expect(withInterfaceMtu(once, "eth0", 1390, "ifupdown")).toBe(once.replace("1400", "1390"));
    });
});

describe("dhclient.conf", () => {
    it.each([
        ["an empty file", "", ""],
        ["a file with options", "timeout 60;\n", "timeout 60;\n"],
        ["a file without a last newline", "timeout 60;", "timeout 60;\n"],
    ])("keeps the lease's MTU from the link, in %s", (_, text, kept) => {
        const once = withDhclientMtu(text, "eth0", 1400);
        expect(once).toBe(`${kept}interface "eth0" { supersede interface-mtu 1400; }\n`);
        expect(withDhclientMtu(once, "eth0", 1390)).toBe(once.replace("1400", "1390"));
    });
});

describe("a NetworkManager keyfile", () => {
    it.each([
        ["no section", "[connection]\nid=x\n", "[connection]\nid=x\n\n[ethernet]\nmtu=1400\n"],
        ["a section", "[ethernet]\n\n[ipv4]\nmethod=auto\n", "[ethernet]\nmtu=1400\n\n[ipv4]\nmethod=auto\n"],
        ["an MTU", "[ethernet]\nmtu=9000\n", "[ethernet]\nmtu=1400\n"],
        ["an MTU elsewhere", "[ethernet]\n[infiniband]\nmtu=9000\n", "[ethernet]\nmtu=1400\n[infiniband]\nmtu=9000\n"],
    ])("with %s gets the MTU for Ethernet", (_, text, expected) => {
        expect(withKeyfileMtu(text, 1400)).toBe(expected);
    });
});
