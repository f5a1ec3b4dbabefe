import { basename } from "node:path";
import { z } from "zod";
import { hasStanza, withDhclientMtu, withInterfaceMtu, withKeyfileMtu } from "./interfacesFile.ts";

/** What configures a link at boot. */
export const LinkManager = z.enum(["netplan", "networkd", "ifupdown2", "ifupdown", "networkmanager"]);
export type LinkManager = z.infer<typeof LinkManager>;

/** What a host says about the software that configures one of its links. */
export interface ManagerFacts {
    link: string;
    /** `kind` of ip-link(8), e.g. bridge; null for a network card. */
    kind: string | null;
    /** The .network file that systemd-networkd uses for the link, if it does. */
    networkFile: string | undefined;
    /** The connection profile that NetworkManager uses for the link, if it does. */
    profile: string | undefined;
    /** Which ifupdown is installed, if any. */
    ifupdown: "ifupdown2" | "ifupdown" | undefined;
    /** Texts of the configuration files that are there, by path. */
    files: ReadonlyMap<string, string>;
}

/** A file, with the text that it must have so that the MTU is set at the next boot. */
export interface BootFile {
    path: string;
    text: string;
    /** Permissions of a new file, as octal digits. */
    mode: string;
}

const HEADER = "# Written by Clearpath, which overwrites and removes it.\n";

/** What configures the link; undefined when it is nothing that Clearpath knows. */
export function managerOf({ link, networkFile, profile, ifupdown, files }: ManagerFacts): LinkManager | undefined {
    if (basename(networkFile ?? "").startsWith("10-netplan-")) return "netplan";
    if (networkFile) return "networkd";
    if (basename(profile ?? "").startsWith("netplan-")) return "netplan";
    if (profile?.startsWith("/etc/NetworkManager/system-connections/")) return "networkmanager";
    if (ifupdown !== undefined && [...files].some(([path, text]) => isInterfaces(path) && hasStanza(text, link)))
        return ifupdown;
    return undefined;
}

/** The files that set the MTU at boot. A file that is right already is returned with its present text. */
export function bootFiles(manager: LinkManager, facts: ManagerFacts, mtu: number): BootFile[] {
    const { link, networkFile, profile, files } = facts;
    switch (manager) {
        case "netplan":
            return [
                {
                    path: `/etc/netplan/90-clearpath-${link}.yaml`,
                    text: `${HEADER}network:\n  version: 2\n  ${netplanSection(facts)}:\n    ${JSON.stringify(netplanId(facts))}:\n      mtu: ${mtu}\n`,
                    mode: "0600",
                },
            ];
        case "networkd":
            return [
                {
                    path: `/etc/systemd/network/${basename(networkFile!)}.d/90-clearpath.conf`,
                    text: `${HEADER}[Link]\nMTUBytes=${mtu}\n`,
                    mode: "0644",
                },
            ];
        case "networkmanager":
            return [{ path: profile!, text: withKeyfileMtu(files.get(profile!) ?? "", mtu), mode: "0600" }];
        case "ifupdown2":
        case "ifupdown": {
            const interfaces = [...files].filter(([path, text]) => isInterfaces(path) && hasStanza(text, link));
            const changed = (manager === "ifupdown" ? interfaces.slice(0, 1) : interfaces).map(([path, text]) => ({
                path,
                text: withInterfaceMtu(text, link, mtu, manager),
                mode: "0644",
            }));
            const setByCommand = changed.some(({ text }) =>
                text.includes(`post-up ip link set dev ${link} mtu ${mtu}`),
            );
            const dhclient = "/etc/dhcp/dhclient.conf";
            if (!setByCommand || !files.has(dhclient)) return changed;
            return [
                ...changed,
                { path: dhclient, text: withDhclientMtu(files.get(dhclient)!, link, mtu), mode: "0644" },
            ];
        }
    }
}

function isInterfaces(path: string): boolean {
    return path.startsWith("/etc/network/");
}

/** netplan names what it generates after the id: `10-netplan-ID.network`, `netplan-ID.nmconnection`. */
function netplanId({ link, networkFile, profile }: ManagerFacts): string {
    const generated = basename(networkFile || profile || "");
    return /^(?:10-)?netplan-(.+)\.(?:network|nmconnection)$/.exec(generated)?.[1] ?? link;
}

function netplanSection({ kind }: ManagerFacts): string {
    const sections: Record<string, string> = { bridge: "bridges", bond: "bonds", vlan: "vlans" };
    return sections[kind ?? ""] ?? "ethernets";
}
