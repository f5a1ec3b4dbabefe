import { BootRefusal } from "./bootRefusal.ts";
import { matchesLink, placeOf, readInterfaces, type Stanza, type StanzaOption } from "./interfaces.ts";
import { mtuCommand } from "./mtuCommand.ts";

/** The program that reads interfaces(5): ifupdown2 of Proxmox, or Debian's ifupdown. */
export type IfupdownFlavour = "ifupdown2" | "ifupdown";

/** Methods of Debian's ifupdown 0.8 whose `mtu` option sets the link's MTU (its inet.defn). */
const METHODS_WITH_MTU = ["static", "manual", "tunnel"];
/** Options whose commands run once the link is up, after the `mtu` option. `pre-up` runs before it. */
const COMMANDS_AFTER = ["up", "post-up"];

/** Whether one of these files has a stanza for the link. */
export function hasStanza(files: ReadonlyMap<string, string>, link: string): boolean {
    return readInterfaces(files).stanzas.some(({ name }) => name === link);
}

/** The command that sets the MTU where the option cannot: with DHCP, whose lease would set its own, and by `inherits`. */
function commandFor(link: string, mtu: number | string): string {
    return `post-up ip link set dev ${link} mtu ${mtu}`;
}

/**
 * The files that change so that the link has the MTU at boot. ifupdown2 resets a link to 1500 at each stanza without an
 * MTU, so all stanzas get it. ifupdown sets it in the first inet stanza, and in each further one that has an `mtu`:
 * of several, the last one wins. Throws a BootRefusal, with file and line, where something else decides the MTU.
 */
export function withInterfacesMtu(
    files: ReadonlyMap<string, string>,
    link: string,
    mtu: number,
    flavour: IfupdownFlavour,
): Map<string, string> {
    const { stanzas, renames } = readInterfaces(files);
    const own = stanzas.filter(({ name }) => name === link);
    const inherited = new Map(own.map(stanza => [stanza, inheritedOptions(stanza, stanzas)]));
    refuseRenames(renames, link);
    for (const stanza of own) refuseOtherDeciders(stanza, inherited.get(stanza)!, link, mtu);
    const edits = new Map<string, Edit[]>();
    const put = (stanza: Stanza, edit: Edit[]) => edits.set(stanza.path, [...(edits.get(stanza.path) ?? []), ...edit]);
    const target = targetOf(own, flavour);
    for (const stanza of own) {
        const byCommand = flavour === "ifupdown" && isSetByCommand(stanza, inherited.get(stanza)!);
        const has = stanza.options.some(({ name }) => name === "mtu");
        if (stanza === target || flavour === "ifupdown2") {
            if (byCommand) put(stanza, setCommand(stanza, link, mtu));
            else put(stanza, setMtu(stanza, mtu));
        } else if (has && stanza.method !== "dhcp") put(stanza, setMtu(stanza, mtu));
        // A second mtu beside an inherited one would become a second line of a command.
        if (has && inherited.get(stanza)!.some(({ name }) => name === "mtu") && byCommand)
            put(stanza, withoutMtu(stanza));
    }
    return new Map([...edits].map(([path, changes]) => [path, applied(files.get(path)!, changes)]));
}

/** Whether the link's address comes from DHCP in one of its stanzas: dhclient then sets the lease's MTU. */
export function isDhcp(files: ReadonlyMap<string, string>, link: string): boolean {
    return readInterfaces(files).stanzas.some(({ name, method }) => name === link && method === "dhcp");
}

/** The stanza whose MTU counts. ifupdown 0.8's inet6 `mtu` lowers IPv6's only, never the link's. */
function targetOf(own: readonly Stanza[], flavour: IfupdownFlavour): Stanza | undefined {
    if (flavour === "ifupdown2") return undefined;
    const links = own.filter(({ method }) => method !== "loopback");
    return links.find(({ family }) => family === "inet") ?? links[0];
}

function isSetByCommand({ family, method }: Stanza, inherited: readonly StanzaOption[]): boolean {
    return family !== "inet" || !METHODS_WITH_MTU.includes(method) || inherited.some(({ name }) => name === "mtu");
}

/** Options that a stanza takes over by `inherits`, from the first stanza of that name. A circle ends. */
function inheritedOptions(stanza: Stanza, all: readonly Stanza[]): (StanzaOption & { path: string })[] {
    const seen = new Set<Stanza>([stanza]);
    const options: (StanzaOption & { path: string })[] = [];
    let from = stanza.inherits;
    while (from !== undefined) {
        const parent = all.find(({ name }) => name === from);
        if (parent === undefined || seen.has(parent)) break;
        seen.add(parent);
        options.push(...parent.options.map(option => ({ ...option, path: parent.path })));
        from = parent.inherits;
    }
    return options;
}

function refuseRenames(renames: { path: string; first: number; pattern: string; text: string }[], link: string): void {
    const chosen = renames.find(({ pattern }) => matchesLink(pattern, link));
    if (chosen !== undefined)
        throw new BootRefusal(
            `${placeOf(chosen.path, chosen)} chooses another stanza for ${link} at boot: "${chosen.text}". Name the stanza ${link}, without a mapping.`,
        );
}

/** Refuses what sets the MTU beside the option: commands, Open vSwitch, and templates that only ifupdown2 can read. */
function refuseOtherDeciders(
    stanza: Stanza,
    inherited: readonly (StanzaOption & { path: string })[],
    link: string,
    mtu: number,
): void {
    const options = [...stanza.options.map(option => ({ ...option, path: stanza.path })), ...inherited];
    for (const option of options) {
        const place = placeOf(option.path, option);
        const isOurs = `${option.name} ${option.value}` === commandFor(link, numberAtEnd(option.value) ?? "");
        const command = COMMANDS_AFTER.includes(option.name) && !isOurs ? mtuCommand(option.value, link) : undefined;
        if (command !== undefined && command.mtu !== mtu)
            throw new BootRefusal(
                `${place} sets another MTU for ${link} at boot, after the mtu option: "${option.name} ${option.value}". Remove that command.`,
            );
        if (/^ovs[_-]/.test(option.name))
            throw new BootRefusal(
                `${place} makes ${link} a part of Open vSwitch, which sets the MTU by itself. Write "ovs_mtu ${mtu}" into that stanza instead of using LinkMtu.`,
            );
        if (/^%|<%|\$\{/.test(option.name) || (option.name === "mtu" && /\$\{|<%/.test(option.value)))
            throw new BootRefusal(
                `${place} is a template ("${option.name} ${option.value}"), whose result Clearpath cannot know. Write the stanza of ${link} without a template.`,
            );
    }
}

function numberAtEnd(text: string): string | undefined {
    return /(?:^|\s)(\d+)$/.exec(text)?.[1];
}

/** Lines of a file to replace by one line, or by none. */
interface Edit {
    first: number;
    last: number;
    by: string | undefined;
}

/** The first `mtu` of the stanza gets the value, whatever stands behind it, and further ones go: ifupdown joins them. */
function setMtu(stanza: Stanza, mtu: number): Edit[] {
    return setOption(
        stanza,
        stanza.options.filter(({ name }) => name === "mtu"),
        `mtu ${mtu}`,
    );
}

function withoutMtu(stanza: Stanza): Edit[] {
    const own = stanza.options.filter(({ name }) => name === "mtu");
    return own.map(({ first, last }) => ({ first, last, by: undefined }));
}

function setCommand(stanza: Stanza, link: string, mtu: number): Edit[] {
    const ours = stanza.options.filter(
        ({ name, value }) => `${name} ${value}` === commandFor(link, numberAtEnd(value) ?? ""),
    );
    return setOption(stanza, ours, commandFor(link, mtu));
}

function setOption(stanza: Stanza, [first, ...further]: StanzaOption[], line: string): Edit[] {
    if (first === undefined) return [{ first: stanza.last + 1, last: stanza.last, by: line }];
    return [
        { first: first.first, last: first.last, by: line },
        ...further.map(option => ({ first: option.first, last: option.last, by: undefined })),
    ];
}

/** A line that is replaced keeps its indentation; a new one takes that of the line before it. */
function applied(text: string, edits: readonly Edit[]): string {
    const lines = text.split("\n");
    for (const { first, last, by } of edits.toSorted((a, b) => b.first - a.first)) {
        const isNew = last < first;
        const model = lines[isNew ? last : first] ?? "";
        const indentation = isNew && /^\s*iface\s/.test(model) ? "    " : /^\s*/.exec(model)![0];
        lines.splice(first, last - first + 1, ...(by === undefined ? [] : [indentation + by]));
    }
    return lines.join("\n");
}
