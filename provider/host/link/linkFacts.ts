import { z } from "zod";
import { LARGEST_MTU, SMALLEST_MTU } from "../../../network/mtu.ts";
import type { Answers } from "../step.ts";
import type { ManagerFacts } from "./linkManager.ts";

/** A file that Clearpath changed for the next boot: its text before (undefined: there was no file), and now. */
export interface KeptFile {
    number: string;
    path: string;
    before: string | undefined;
    now: string | undefined;
}

/** Everything about one link that matters for setting its MTU. */
export interface LinkFacts extends ManagerFacts {
    answers: Answers;
    machineId: string;
    /** Undefined when the host has no link of that name; then `linksThere` names its links. */
    mtu: number | undefined;
    linksThere: string;
    smallestMtu: number;
    largestMtu: number;
    bridge: { name: string; mtu: number } | null;
    /** Of a bridge: the port that limits it. */
    smallestPort: { name: string; mtu: number } | undefined;
    hasGlobalIpv6: boolean;
    record: {
        exists: boolean;
        owned: boolean;
        foundMtu: number | undefined;
        alreadyRight: boolean;
        files: KeptFile[];
    };
    textOf(path: string): string | undefined;
}

/** What `ip -d -j link show` (iproute2) prints for a link. A limit of 0, or a missing one, is no limit. */
const IpLink = z.object({
    ifname: z.string(),
    mtu: z.int(),
    min_mtu: z.int().optional(),
    max_mtu: z.int().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});

/** Reads the answers of the `look` step in linkMtu.sh. */
export function linkFacts(link: string, answers: Answers): LinkFacts {
    const self = linksIn(answers.link)[0];
    const master = linksIn(answers.master)[0];
    const isBridge = self?.linkinfo?.info_kind === "bridge";
    const ports = isBridge ? linksIn(answers.ports) : [];
    const kept = numbered(answers, "kept").map(number => ({
        number,
        path: answers[`kept_${number}_path`]!,
        before: guarded(answers[`kept_${number}_text`]),
        now: guarded(answers[`now_${number}_text`]),
    }));
    const files = new Map(
        numbered(answers, "config").map(number => [
            answers[`config_${number}_path`]!,
            guarded(answers[`config_${number}_text`])!,
        ]),
    );
    const texts = new Map([...kept.map(({ path, now }) => [path, now] as const), ...files]);
    return {
        answers,
        link,
        machineId: answers.machineId!,
        kind: self?.linkinfo?.info_kind ?? null,
        mtu: self?.mtu,
        linksThere: (answers.links ?? "").trim().split(" ").join(", "),
        smallestMtu: self?.min_mtu || SMALLEST_MTU,
        largestMtu: self?.max_mtu || LARGEST_MTU,
        bridge: master?.linkinfo?.info_kind === "bridge" ? { name: master.ifname, mtu: master.mtu } : null,
        smallestPort: ports.map(({ ifname, mtu }) => ({ name: ifname, mtu })).sort((a, b) => a.mtu - b.mtu)[0],
        hasGlobalIpv6: (answers.globalAddresses ?? "") !== "",
        networkFile: answers.networkFile || undefined,
        profile: answers.profile || undefined,
        sharedWith: wordsIn(answers.sharedWith),
        ports: ports.map(({ ifname, mtu }) => ({ name: ifname, mtu })),
        container: wordsIn(answers.container)[0],
        ifupdown: answers.ifupdown as "ifupdown2" | "ifupdown" | undefined,
        files,
        record: {
            exists: answers.record_found_mtu !== undefined,
            owned: answers.owned !== undefined,
            // A power cut may have emptied the file.
            foundMtu: Number(answers.record_found_mtu) || undefined,
            alreadyRight: answers.record_already_right !== undefined,
            files: kept,
        },
        textOf: path => texts.get(path),
    };
}

function linksIn(json: string | undefined): z.infer<typeof IpLink>[] {
    const links: object[] = json ? JSON.parse(json) : [];
    // iproute2 prints an empty object for every link that a filter excludes.
    return z.array(IpLink).parse(links.filter(link => "ifname" in link));
}

function wordsIn(text: string | undefined): string[] {
    return (text ?? "").split(/\s+/).filter(word => word !== "");
}

/** Numbers of answers such as kept_1_path. */
function numbered(answers: Answers, prefix: string): string[] {
    return Object.keys(answers).flatMap(name => new RegExp(`^${prefix}_(\\d+)_path$`).exec(name)?.[1] ?? []);
}

/** The shell drops line feeds at the end of what it captures, so the step adds a dot after them. */
function guarded(text: string | undefined): string | undefined {
    return text?.slice(0, -1);
}
