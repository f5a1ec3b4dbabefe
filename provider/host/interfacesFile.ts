/** A line that starts something new and so ends a stanza, in interfaces(5) of ifupdown and ifupdown2. */
const STARTS =
    /^\s*(iface|mapping|auto|allow-\S+|source|source-directory|no-auto-down|no-scripts|rename|template)(\s|$)/;

interface Stanza {
    /** Index of the `iface` line. */
    first: number;
    /** Index of the last line that is not empty and not a comment. */
    last: number;
    method: string;
}

/** Whether a file of interfaces(5) has a stanza for the link. */
export function hasStanza(text: string, link: string): boolean {
    return stanzas(text.split("\n"), link).length > 0;
}

/**
 * The text with the link's MTU in it. ifupdown2 resets a link to 1500 at each stanza without an MTU, so all stanzas get
 * it. ifupdown takes an option, except with DHCP, where the lease would set its own MTU: there a command sets it afterwards.
 */
export function withInterfaceMtu(text: string, link: string, mtu: number, flavour: "ifupdown2" | "ifupdown"): string {
    const lines = text.split("\n");
    const found = stanzas(lines, link);
    const chosen = flavour === "ifupdown2" ? found : found.filter(({ method }) => method !== "loopback").slice(0, 1);
    for (const stanza of chosen.toReversed()) {
        const byCommand = flavour === "ifupdown" && stanza.method === "dhcp";
        setOption(lines, stanza, byCommand ? `post-up ip link set dev ${link} mtu ${mtu}` : `mtu ${mtu}`);
    }
    return lines.join("\n");
}

function stanzas(lines: string[], link: string): Stanza[] {
    const found: Stanza[] = [];
    lines.forEach((line, first) => {
        const words = line.trim().split(/\s+/);
        if (words[0] !== "iface" || words[1] !== link) return;
        let last = first;
        for (let index = first + 1; index < lines.length && !STARTS.test(lines[index]!); index++)
            if (/^\s*[^#\s]/.test(lines[index]!)) last = index;
        found.push({ first, last, method: words[3] ?? "" });
    });
    return found;
}

/** Sets an option of a stanza: replaces the line that has another number at its end, or adds a last line. */
function setOption(lines: string[], { first, last }: Stanza, option: string): void {
    const name = option.replace(/\s+\d+$/, "");
    for (let index = first + 1; index <= last; index++) {
        const line = lines[index]!;
        if (line.trim().replace(/\s+\d+$/, "") !== name) continue;
        lines[index] = /^\s*/.exec(line)![0] + option;
        return;
    }
    const indentation = last > first ? /^\s*/.exec(lines[last]!)![0] : "    ";
    lines.splice(last + 1, 0, indentation + option);
}

/** dhclient.conf(5) with a clause that keeps the lease's MTU from the link. */
export function withDhclientMtu(text: string, link: string, mtu: number): string {
    const start = `interface "${link}" { supersede interface-mtu `;
    const clause = `${start}${mtu}; }`;
    const lines = text.split("\n");
    const ours = lines.findIndex(line => line.startsWith(start));
    if (ours !== -1) return lines.with(ours, clause).join("\n");
    return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${clause}\n`;
}

/** A NetworkManager keyfile (nm-settings-keyfile(5)) with the MTU in its [ethernet] section. */
export function withKeyfileMtu(text: string, mtu: number): string {
    const lines = text.split("\n");
    const section = lines.findIndex(line => /^\[(ethernet|802-3-ethernet)\]\s*$/.test(line));
    if (section === -1) return `${text}${text.endsWith("\n") ? "" : "\n"}\n[ethernet]\nmtu=${mtu}\n`;
    const rest = lines.slice(section + 1);
    const length = rest.findIndex(line => line.startsWith("["));
    const end = length === -1 ? lines.length : section + 1 + length;
    const line = lines.findIndex((text, index) => index > section && index < end && /^mtu\s*=/.test(text));
    if (line === -1) lines.splice(section + 1, 0, `mtu=${mtu}`);
    else lines[line] = `mtu=${mtu}`;
    return lines.join("\n");
}
