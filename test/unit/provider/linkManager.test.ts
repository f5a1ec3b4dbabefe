import { describe, expect, it } from "vitest";
import { bootFiles, type ManagerFacts, managerOf } from "../../../provider/host/linkManager.ts";

const INTERFACES = new Map([["/etc/network/interfaces", "iface eth0 inet dhcp\n"]]);
const nothing: ManagerFacts = {
    link: "eth0",
    kind: null,
    networkFile: undefined,
    profile: undefined,
    ifupdown: undefined,
    files: new Map(),
};
const cases: [string, Partial<ManagerFacts>, string | undefined][] = [
    ["netplan over networkd", { networkFile: "/run/systemd/network/10-netplan-id0.network" }, "netplan"],
    [
        "netplan over NetworkManager",
        { profile: "/run/NetworkManager/system-connections/netplan-id0.nmconnection" },
        "netplan",
    ],
    [
        "networkd",
        { networkFile: "/etc/systemd/network/10-eth0.network", ifupdown: "ifupdown", files: INTERFACES },
        "networkd",
    ],
    [
        "NetworkManager",
        { profile: "/etc/NetworkManager/system-connections/Wired connection 1.nmconnection" },
        "networkmanager",
    ],
    ["ifupdown2", { ifupdown: "ifupdown2", files: INTERFACES }, "ifupdown2"],
    ["ifupdown", { ifupdown: "ifupdown", files: INTERFACES }, "ifupdown"],
    ["none: interfaces file without its software", { files: INTERFACES }, undefined],
    ["none: ifupdown without a stanza", { ifupdown: "ifupdown", link: "eth1", files: INTERFACES }, undefined],
];

describe("managerOf", () => {
    it.each(cases)("recognises %s", (_, facts, manager) => {
        expect(managerOf({ ...nothing, ...facts })).toBe(manager);
    });
});

describe("bootFiles", () => {
    it("uses netplan's own id, in the section of the link's kind", () => {
        const facts = {
            ...nothing,
            link: "br0",
            kind: "bridge",
            networkFile: "/run/systemd/network/10-netplan-lan.network",
        };
        const [file] = bootFiles("netplan", facts, 1400);
        expect(file).toMatchObject({ path: "/etc/netplan/90-clearpath-br0.yaml", mode: "0600" });
        expect(file?.text).toContain('  version: 2\n  bridges:\n    "lan":\n      mtu: 1400\n');
    });

    it("adds a drop-in beside the .network file in use", () => {
        const facts = { ...nothing, networkFile: "/usr/lib/systemd/network/80-wired.network" };
        expect(bootFiles("networkd", facts, 1400)).toMatchObject([
            {
                path: "/etc/systemd/network/80-wired.network.d/90-clearpath.conf",
                text: expect.stringMatching(/\n\[Link\]\nMTUBytes=1400\n$/),
            },
        ]);
    });

    it("also ignores the MTU of a DHCP lease where dhclient is used", () => {
        const files = new Map([...INTERFACES, ["/etc/dhcp/dhclient.conf", ""]]);
        const paths = bootFiles("ifupdown", { ...nothing, ifupdown: "ifupdown", files }, 1400).map(({ path }) => path);
        expect(paths).toEqual(["/etc/network/interfaces", "/etc/dhcp/dhclient.conf"]);
    });

    it("returns files unchanged that are right already", () => {
        const facts: ManagerFacts = { ...nothing, ifupdown: "ifupdown2", files: INTERFACES };
        const [once] = bootFiles("ifupdown2", facts, 1400);
        const again = bootFiles("ifupdown2", { ...facts, files: new Map([[once!.path, once!.text]]) }, 1400);
        expect(again).toEqual([once]);
    });
});
