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
