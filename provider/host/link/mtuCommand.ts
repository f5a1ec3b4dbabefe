/** What a shell command does to a link's MTU, as far as its text tells. */
export interface MtuCommand {
    /** The MTU, in bytes; undefined when the text does not tell, as with `mtu $MTU`. */
    mtu: number | undefined;
}

/**
 * Reads a command of a configuration file. Gives undefined for a command that leaves the MTU of the link alone: one for
 * another link, or one that sets the MTU of a route.
 */
export function mtuCommand(command: string, link: string): MtuCommand | undefined {
    for (const part of command.split(/&&|\|\||[;|\n]/)) {
        const found = ofOneCommand(part, link);
        if (found !== undefined) return found;
    }
    return undefined;
}

const IP_LINK = /(?:^|[\s/])ip\s+(?:-\S+\s+)*l(?:i(?:n(?:k)?)?)?\s+s(?:e(?:t)?)?\s/;
const IP_ROUTE = /(?:^|[\s/])ip\s+(?:-\S+\s+)*(?:r|ro|rou|rout|route|ru|rul|rule|n|ne|neigh|tunnel|addr|address|a)\s/;

function ofOneCommand(command: string, link: string): MtuCommand | undefined {
    if (!/mtu/i.test(command) || /^\s*#/.test(command) || IP_ROUTE.test(command)) return undefined;
    const words = command.trim().split(/\s+/);
    const written = /(?:echo|printf)\s+["']?(\d+)["']?.*>\s*["']?\/sys\/class\/net\/([^/]+)\/mtu/.exec(command);
    if (written) return isLink(written[2]!, link) ? { mtu: Number(written[1]) } : undefined;
    const at = words.findIndex(word => word.toLowerCase() === "mtu");
    const mtu = at === -1 ? undefined : numberIn(words[at + 1]);
    if (IP_LINK.test(` ${command}`)) {
        const device = words.indexOf("dev");
        const set = words.findIndex(word => /^s(?:et?)?$/.test(word));
        const named = device === -1 ? words[set + 1] : words[device + 1];
        // `ip link set mtu 9000 dev X` names the link later; without `dev` it is the word behind `set`.
        return named === undefined || isLink(named, link) || named === "mtu" ? { mtu } : undefined;
    }
    if (/(?:^|\/)ifconfig$/.test(words[0] ?? "")) return isLink(words[1] ?? "", link) ? { mtu } : undefined;
    // An unknown program that is told an MTU: it concerns the link when it names it.
    return words.some(word => isLink(word, link)) ? { mtu } : undefined;
}

function isLink(word: string, link: string): boolean {
    const name = word.replace(/^["']|["']$/g, "");
    return name === link || /^\$\{?IFACE\}?$/.test(name) || name === "%i" || name === "$LINK";
}

function numberIn(word: string | undefined): number | undefined {
    const digits = /^["']?(\d+)["']?$/.exec(word ?? "");
    return digits ? Number(digits[1]) : undefined;
}
