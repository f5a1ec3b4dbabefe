import { z } from "zod";
import { LARGEST_MTU, SMALLEST_MTU } from "../../network/mtu.ts";
import type { ManagerFacts } from "./linkManager.ts";
import type { Answers } from "./step.ts";

/** A file that was changed for the boot: as it was before (undefined: not there), and as it is now. */
export interface KeptFile {
    number: string;
    path: string;
    before: string | undefined;
    now: string | undefined;
}

/** Everything about one link that setting its MTU depends on. */
export interface LinkFacts extends ManagerFacts {
    answers: Answers;
    machineId: string;
    /** Undefined when there is no such link; then `linksThere` names those that are. */
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

/** What `ip -d -j link show` says of a link (iproute2). A limit of 0 or none at all is no limit. */
const IpLink = z.object({
    ifname: z.string(),
    mtu: z.int(),
    min_mtu: z.int().optional(),
    max_mtu: z.int().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});

/** Makes sense of what the `look` step of linkMtu.sh answers. */
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
        ifupdown: answers.ifupdown as "ifupdown2" | "ifupdown" | undefined,
        files,
        record: {
            exists: answers.record_found_mtu !== undefined,
            owned: answers.owned !== undefined,
            // A file that a power cut has emptied says nothing.
            foundMtu: Number(answers.record_found_mtu) || undefined,
            alreadyRight: answers.record_already_right !== undefined,
            files: kept,
        },
        textOf: path => texts.get(path),
    };
}

function linksIn(json: string | undefined): z.infer<typeof IpLink>[] {
    const links: object[] = json ? JSON.parse(json) : [];
    // iproute2 leaves an empty object for every link that a filter has left out.
    return z.array(IpLink).parse(links.filter(link => "ifname" in link));
}

/** Numbers of answers such as kept_1_path. */
function numbered(answers: Answers, prefix: string): string[] {
    return Object.keys(answers).flatMap(name => new RegExp(`^${prefix}_(\\d+)_path$`).exec(name)?.[1] ?? []);
}

/** The shell drops newlines at the end of what it captures: a dot behind them keeps them. */
function guarded(text: string | undefined): string | undefined {
    return text?.slice(0, -1);
}
