import { basename } from "node:path";
import { z } from "zod";
import { BootRefusal } from "./bootRefusal.ts";
import { withDhclientMtu, withKeyfileMtu } from "./bootTexts.ts";
import { hasStanza, isDhcp, withInterfacesMtu } from "./interfacesMtu.ts";
import { mtuCommand } from "./mtuCommand.ts";

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
    /** Other links that the same .network file or connection profile configures. */
    sharedWith: readonly string[];
    /** Ports of a bridge, with their MTUs in bytes; empty for any other link. */
    ports: readonly { name: string; mtu: number }[];
    /** Kind of the container that the host is, as systemd-detect-virt(1) names it; undefined for a machine of its own. */
    container: string | undefined;
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
    if (ifupdown !== undefined && hasStanza(interfacesFiles(files), link)) return ifupdown;
    return undefined;
}

/** Names of our drop-in files. `zz` sorts behind `override.conf`, which `networkctl edit` writes. */
const DROP_IN = "zz-clearpath.conf";
const DHCLIENT = "/etc/dhcp/dhclient.conf";

/**
 * The files that set the MTU at boot. A file that is right already is returned with its present text. Throws a
 * BootRefusal where the host's other files decide the MTU, or where other links would get it too.
 */
export function bootFiles(manager: LinkManager, facts: ManagerFacts, mtu: number): BootFile[] {
    const { link, networkFile, profile, files } = facts;
    refuseContainer(manager, facts, mtu);
    refuseShared(facts);
    switch (manager) {
        case "netplan":
            refuseBridge(facts, mtu);
            return [
                {
                    path: `/etc/netplan/90-clearpath-${link}.yaml`,
                    text: `${HEADER}network:\n  version: 2\n  ${netplanSection(facts)}:\n    ${JSON.stringify(netplanId(facts))}:\n      mtu: ${mtu}\n`,
                    mode: "0600",
                },
            ];
        case "networkd": {
            refuseBridge(facts, mtu);
            const directory = `${basename(networkFile!)}.d`;
            refuseLaterDropIn(files, directory, mtu);
            return [
                {
                    path: `/etc/systemd/network/${directory}/${DROP_IN}`,
                    text: `${HEADER}[Link]\nMTUBytes=${mtu}\n`,
                    mode: "0644",
                },
            ];
        }
        case "networkmanager":
            return [{ path: profile!, text: withKeyfileMtu(files.get(profile!) ?? "", mtu), mode: "0600" }];
        case "ifupdown2":
        case "ifupdown":
            return interfacesBootFiles(manager, facts, mtu);
    }
}

function interfacesBootFiles(
    manager: "ifupdown" | "ifupdown2",
    { link, files }: ManagerFacts,
    mtu: number,
): BootFile[] {
    const interfaces = interfacesFiles(files);
    refuseScripts(files, link, mtu);
    const changed = [...withInterfacesMtu(interfaces, link, mtu, manager)].map(([path, text]) => ({
        path,
        text,
        mode: "0644",
    }));
    if (!isDhcp(interfaces, link) || !files.has(DHCLIENT)) return changed;
    return [...changed, { path: DHCLIENT, text: withDhclientMtu(files.get(DHCLIENT)!, link, mtu), mode: "0644" }];
}

/** Files of interfaces(5): `source` can name any, but the directories of scripts hold none. */
function interfacesFiles(files: ReadonlyMap<string, string>): Map<string, string> {
    return new Map([...files].filter(([path]) => path.startsWith("/etc/network/") && !isScript(path)));
}

/** Scripts that ifupdown or dhclient runs for every link. */
function isScript(path: string): boolean {
    return /^\/etc\/(?:network\/if-[\w-]+\.d|dhcp\/dhclient-(?:enter|exit)-hooks\.d)\//.test(path);
}

function refuseScripts(files: ReadonlyMap<string, string>, link: string, mtu: number): void {
    for (const [path, text] of files) {
        if (!isScript(path)) continue;
        // A script that asks for the name of another link leaves this one alone.
        const asks = /\$\{?(?:IFACE|interface)\}?"?\s*(?:=|==|!=|in)\s/.test(text);
        if (asks && !new RegExp(`(^|[^\\w.-])${link.replace(/[.]/g, "\\.")}([^\\w.-]|$)`).test(text)) continue;
        text.split("\n").forEach((line, index) => {
            const command = mtuCommand(line.replace(/\$\{?interface\}?/g, "$IFACE"), link);
            if (command?.mtu !== undefined && command.mtu !== mtu)
                throw new BootRefusal(
                    `${path}:${index + 1} sets another MTU for ${link} at boot: "${line.trim()}". Remove that command.`,
                );
        });
    }
}

function refuseContainer(manager: LinkManager, { link, container }: ManagerFacts, mtu: number): void {
    if (container === "lxc" && manager !== "networkmanager")
        throw new BootRefusal(
            `This host is an LXC container, and Proxmox writes its network files again at each start. Set the MTU of ${link} on the Proxmox host: add mtu=${mtu} to the container's net line with "pct set".`,
        );
}

function refuseShared({ link, networkFile, profile, sharedWith }: ManagerFacts): void {
    if (sharedWith.length === 0) return;
    const file = networkFile || profile;
    throw new BootRefusal(
        `${file} configures ${sharedWith.join(", ")} as well as ${link}, and they would get the same MTU at boot. Give ${link} a file of its own that matches only ${link}.`,
    );
}

/** systemd-networkd sets a bridge's MTU when it creates the bridge, and the kernel changes it when a port joins. */
function refuseBridge({ link, kind, ports, networkFile }: ManagerFacts, mtu: number): void {
    if (kind !== "bridge" || !networkFile) return;
    const other = ports.find(port => port.mtu !== mtu);
    if (ports.length > 0 && other === undefined) return;
    throw new BootRefusal(
        `${link} is a bridge of systemd-networkd, and at boot the kernel gives a bridge the smallest MTU of its ports${other ? `: ${other.name} has ${other.mtu}` : ", and it has none now"}. Give every port the MTU ${mtu}, by a LinkMtu of its own, and ${link} after them.`,
    );
}

/** Drop-ins are read in the order of their names, whatever directory they are in; the last value counts. */
function refuseLaterDropIn(files: ReadonlyMap<string, string>, directory: string, mtu: number): void {
    for (const [path, text] of files) {
        const name = basename(path);
        if (!path.includes(`/network/${directory}/`) || name <= DROP_IN) continue;
        const line = text.split("\n").findIndex(line => /^\s*MTUBytes\s*=/.test(line));
        if (line !== -1 && !text.split("\n")[line]!.trim().endsWith(`=${mtu}`))
            throw new BootRefusal(
                `${path}:${line + 1} sets another MTU, and its name sorts behind ${DROP_IN}. Remove that line.`,
            );
    }
}

/** netplan names what it generates after the id: `10-netplan-ID.network`, `netplan-ID.nmconnection`. */
export function netplanId({ link, networkFile, profile }: ManagerFacts): string {
    const generated = basename(networkFile || profile || "");
    return /^(?:10-)?netplan-(.+)\.(?:network|nmconnection)$/.exec(generated)?.[1] ?? link;
}

function netplanSection({ kind }: ManagerFacts): string {
    const sections: Record<string, string> = { bridge: "bridges", bond: "bonds", vlan: "vlans" };
    return sections[kind ?? ""] ?? "ethernets";
}
