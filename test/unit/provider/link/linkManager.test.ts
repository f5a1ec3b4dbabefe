import { describe, expect, it } from "vitest";
import { BootRefusal } from "../../../../provider/host/link/bootRefusal.ts";
import {
    bootFiles,
    type LinkManager,
    type ManagerFacts,
    managerOf,
} from "../../../../provider/host/link/linkManager.ts";

const INTERFACES = new Map([["/etc/network/interfaces", "iface eth0 inet dhcp\n"]]);
const nothing: ManagerFacts = {
    link: "eth0",
    kind: null,
    networkFile: undefined,
    profile: undefined,
    ifupdown: undefined,
    files: new Map(),
    sharedWith: [],
    ports: [],
    container: undefined,
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
            ports: [{ name: "eth0", mtu: 1400 }],
        };
        const [file] = bootFiles("netplan", facts, 1400);
        expect(file).toMatchObject({ path: "/etc/netplan/90-clearpath-br0.yaml", mode: "0600" });
        expect(file?.text).toContain('  version: 2\n  bridges:\n    "lan":\n      mtu: 1400\n');
    });

    it("adds a drop-in beside the .network file in use", () => {
        const facts = { ...nothing, networkFile: "/usr/lib/systemd/network/80-wired.network" };
        expect(bootFiles("networkd", facts, 1400)).toMatchObject([
            {
                path: "/etc/systemd/network/80-wired.network.d/zz-clearpath.conf",
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

describe("what the next boot would decide otherwise", () => {
    const networkFile = "/etc/systemd/network/10-eth0.network";
    const bridge = { link: "br0", kind: "bridge", networkFile: "/run/systemd/network/10-netplan-br0.network" };
    const interfaces = new Map([["/etc/network/interfaces", "iface eth0 inet static\n"]]);
    const script = (path: string, text: string) => new Map([...interfaces, [path, text]]);
    const refused: [string, LinkManager, Partial<ManagerFacts>, string][] = [
        [
            "a .network file that configures another link too",
            "networkd",
            { networkFile: "/etc/systemd/network/20-wired.network", sharedWith: ["eth1"] },
            "/etc/systemd/network/20-wired.network configures eth1 as well as eth0",
        ],
        [
            "a netplan id whose glob matches two more links",
            "netplan",
            { networkFile: "/run/systemd/network/10-netplan-all-en.network", sharedWith: ["eth1", "eth2"] },
            "configures eth1, eth2 as well as eth0",
        ],
        [
            "a NetworkManager profile for several links",
            "networkmanager",
            { profile: "/etc/NetworkManager/system-connections/any.nmconnection", sharedWith: ["eth1"] },
            "/etc/NetworkManager/system-connections/any.nmconnection configures eth1",
        ],
        [
            "a drop-in that sorts behind ours",
            "networkd",
            {
                networkFile,
                files: new Map([[`${networkFile}.d/zzz.conf`, "[Link]\nMTUBytes=1450\n"]]),
            },
            `${networkFile}.d/zzz.conf:2 sets another MTU`,
        ],
        [
            "a netplan bridge whose port has another MTU",
            "netplan",
            { ...bridge, ports: [{ name: "eth0", mtu: 9000 }] },
            "eth0 has 9000",
        ],
        [
            "a bridge of networkd without ports",
            "networkd",
            { ...bridge, networkFile: "/etc/systemd/network/br0.network" },
            "it has none now",
        ],
        [
            "an LXC container, whose files Proxmox writes",
            "ifupdown",
            { container: "lxc", files: interfaces },
            'add mtu=1400 to the container\'s net line with "pct set"',
        ],
        [
            "a script that sets the MTU of every link",
            "ifupdown",
            { files: script("/etc/network/if-up.d/mtu", '#!/bin/sh\nip link set dev "$IFACE" mtu 9000\n') },
            "/etc/network/if-up.d/mtu:2 sets another MTU for eth0",
        ],
        [
            "a hook of dhclient",
            "ifupdown2",
            { files: script("/etc/dhcp/dhclient-exit-hooks.d/mtu", "ip link set dev $interface mtu 1492\n") },
            "/etc/dhcp/dhclient-exit-hooks.d/mtu:1 sets another MTU",
        ],
    ];

    it.each(refused)("is refused with its place: %s", (_, manager, facts, sentence) => {
        const attempt = () => bootFiles(manager, { ...nothing, ...facts }, 1400);
        expect(attempt).toThrow(BootRefusal);
        expect(attempt).toThrow(sentence);
    });

    it.each<[string, LinkManager, Partial<ManagerFacts>]>([
        [
            "a drop-in that networkctl edit wrote",
            "networkd",
            { networkFile, files: new Map([[`${networkFile}.d/override.conf`, "[Link]\nMTUBytes=1450\n"]]) },
        ],
        [
            "a later drop-in about something else",
            "networkd",
            { networkFile, files: new Map([[`${networkFile}.d/zzz.conf`, "[Network]\nDNS=192.0.2.53\n"]]) },
        ],
        [
            "a script for another link",
            "ifupdown",
            {
                files: script(
                    "/etc/network/if-up.d/storage",
                    '[ "$IFACE" = eth1 ] && ip link set dev "$IFACE" mtu 9000\n',
                ),
            },
        ],
        [
            "a script that sets the same MTU",
            "ifupdown",
            { files: script("/etc/network/if-up.d/mtu", "ip link set dev $IFACE mtu 1400\n") },
        ],
    ])("does not hinder: %s", (_, manager, facts) => {
        expect(bootFiles(manager, { ...nothing, ...facts }, 1400).length).toBe(1);
    });

    it("names a drop-in so that it sorts behind the one of networkctl edit", () => {
        const [file] = bootFiles("networkd", { ...nothing, networkFile }, 1400);
        expect(["override.conf", file!.path.split("/").at(-1)!].toSorted()[1]).toBe("zz-clearpath.conf");
    });
});
