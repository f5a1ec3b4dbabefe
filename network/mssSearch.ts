import { z } from "zod";
import { BytesPerFamily, FAMILY_NAMES, IP_FAMILIES, type IpFamily, type PerFamily } from "./family.ts";
import { mssForPath, mssFromPathMtu, packetForMss, SMALLEST_MSS } from "./mss.ts";
import { SMALLEST_IPV6_MTU } from "./mtu.ts";
import type { VantageSummary } from "./probe/report.ts";
import type { Verdict } from "./verdict/index.ts";
import { STALLS } from "./verdict/stalls.ts";

/**
 * Smallest MSS that a search tries, in bytes. IPv6 promises 1280 bytes on every link (RFC 8200, section 5) and IPv4
 * hosts take 576 (RFC 791): where those do not pass, the path is broken and no MSS repairs it.
 */
export const SEARCH_FLOOR: PerFamily<number> = {
    ipv4: SMALLEST_MSS.ipv4,
    ipv6: mssForPath(SMALLEST_IPV6_MTU, "ipv6"),
};

/**
 * Packet sizes, in bytes, that are tried one after another where probes stall and no search can tell what passes: those
 * of PPPoE, of common tunnels and tunnels in them, then the plateaus of RFC 1191, section 7.1.
 */
const TRIED_PACKETS = [1492, 1460, 1420, 1380, 1340, 1280, 1006, 576];

const State = z
    .enum(["settled", "searching", "not-the-cure"])
    .nullable()
    .describe("Null for an IP version that is not clamped.");
type State = z.infer<typeof State>;

/** How far the search for the MSS has come: what was tried, what the probes said of it, and what the next `up` clamps to. */
export const MssSearch = z.object({
    pathMtu: BytesPerFamily.describe(
        "Measured path MTU that the search began with. When another path MTU is measured, the search starts again.",
    ),
    next: BytesPerFamily.describe(
        "MSS, in bytes, that the next `up` clamps to: the one in force once the search has ended.",
    ),
    state: z.object({ ipv4: State, ipv6: State }),
    steps: z
        .array(
            z.object({
                mss: BytesPerFamily,
                provenAt: z.string().describe("When the last of its probes began."),
                cause: z.string().describe("Cause that their verdict named."),
                sentence: z.string().describe("What follows from it."),
            }),
        )
        .describe("Oldest first."),
});
export type MssSearch = z.infer<typeof MssSearch>;

/** What the probes said of an MSS in force. */
export interface MssProof {
    mss: BytesPerFamily;
    /** When the last of the probes began. */
    provenAt: string;
    verdict: Pick<Verdict, "cause" | "alsoSeen">;
    /** Of the vantage points whose connections are clamped. */
    reports: readonly VantageSummary[];
}

/** The MSS to clamp to: what the path leaves, or what a search on this path has come to. */
export function mssToTry(pathMtu: BytesPerFamily, search: MssSearch | undefined): BytesPerFamily {
    return search && isSame(pathMtu, search.pathMtu) ? search.next : mssFromPathMtu(pathMtu);
}

/** Whether another `up` would clamp to something else. */
export function wantsAnotherTry({ steps, next }: MssSearch): boolean {
    const last = steps.at(-1);
    return last !== undefined && !isSame(last.mss, next);
}

/**
 * The search after probes with an MSS in force. Where they still show that large packets vanish, the next MSS is what
 * they measured to pass, or where nothing could be measured the next smaller size that is common. The same probes
 * looked at again change nothing.
 */
export function searchAfter(pathMtu: BytesPerFamily, before: MssSearch | undefined, proof: MssProof): MssSearch {
    const going = before && isSame(pathMtu, before.pathMtu) ? before : undefined;
    if (going?.steps.at(-1)?.provenAt === proof.provenAt) return going;
    const outcome = (family: IpFamily) => outcomeOf(family, pathMtu, going?.state[family] ?? null, proof);
    const [ipv4, ipv6] = [outcome("ipv4"), outcome("ipv6")];
    const sentence = [ipv4, ipv6].flatMap(({ sentence }) => sentence ?? []).join(" ");
    const { mss, provenAt, verdict } = proof;
    const step = { mss, provenAt, cause: verdict.cause, sentence: sentence || "No large packet was seen to vanish." };
    const earlier = (going?.steps ?? []).filter(
        (_, index, all) => index < all.length - 1 || !isSame(all[index]!.mss, mss),
    );
    return {
        pathMtu,
        next: { ipv4: ipv4.next, ipv6: ipv6.next },
        state: { ipv4: ipv4.state, ipv6: ipv6.state },
        steps: [...earlier, step],
    };
}

function isSame(one: BytesPerFamily, other: BytesPerFamily): boolean {
    return IP_FAMILIES.every(family => one[family] === other[family]);
}

interface Outcome {
    next: number | null;
    state: State;
    sentence?: string;
}

function outcomeOf(family: IpFamily, pathMtu: BytesPerFamily, state: State, proof: MssProof): Outcome {
    const mss = proof.mss[family];
    if (mss === null) return { next: null, state: null };
    const carried = largestPassing(proof.reports, family, packetForMss(mss, family));
    if (!suspectsHole(proof.verdict) || !(carried !== null || stalls(proof.reports, family)))
        return { next: mss, state: "settled" };
    const name = FAMILY_NAMES[family];
    // Every size was tried. Only probes that succeed start another search.
    if (state === "not-the-cure")
        return { next: mss, state, sentence: `${name}: large packets vanish as before, and the MSS is not the cure.` };

    if (carried !== null) {
        const fitting = mssForPath(carried, family);
        if (fitting < SEARCH_FLOOR[family]) return hopeless(name, mss, mss, `only ${carried} bytes pass`);
        const why = `packets of ${carried} bytes pass and larger ones vanish`;
        return { next: fitting, state: "searching", sentence: `${name}: ${why}, so an MSS of ${fitting} comes next.` };
    }
    const smaller = nextPacket(proof.reports, family, mss);
    const derived = mssFromPathMtu(pathMtu)[family] ?? mss;
    if (smaller === undefined)
        return hopeless(name, mss, derived, `connections stall as before with packets of ${packetForMss(mss, family)}`);
    const next = mssForPath(smaller, family);
    const why = `connections stall with an MSS of ${mss} and no search shows what passes`;
    return { next, state: "searching", sentence: `${name}: ${why}, so ${next} comes next.` };
}

function hopeless(name: string, mss: number, next: number, why: string): Outcome {
    const back = next === mss ? `It stays ${mss}` : `It goes back to ${next}`;
    return {
        next,
        state: "not-the-cure",
        sentence: `${name}: ${why}, and nothing smaller may be tried: the MSS is not the cure. ${back}; see the verdict for whom to ask.`,
    };
}

function suspectsHole({ cause, alsoSeen }: MssProof["verdict"]): boolean {
    return cause === "pmtu-black-hole" || alsoSeen.some(also => also.cause === "pmtu-black-hole");
}

/** Largest packet measured to pass where larger ones vanish, in bytes, when that is less than what is sent; else null. */
function largestPassing(reports: MssProof["reports"], family: IpFamily, sent: number): number | null {
    const found = reports
        .flatMap(({ pathMtu }) => [pathMtu[family]?.download, pathMtu[family]?.upload])
        .filter(mtu => mtu != null)
        .filter(({ bound, silent, bytes }) => bound === "exact" && silent && bytes < sent)
        .map(({ bytes }) => bytes);
    return found.length === 0 ? null : Math.min(...found);
}

/** Whether connections of this IP version stalled, or found their way only after seconds, of which nobody knows the version. */
function stalls(reports: MssProof["reports"], family: IpFamily): boolean {
    const endpoints = reports.flatMap(report => report.endpoints);
    const stalled = endpoints
        .flatMap(({ byPlace }) => byPlace ?? [])
        .filter(({ failures }) => STALLS.some(kind => (failures[kind] ?? 0) > 0));
    if (stalled.length > 0) return stalled.some(place => place.family === family);
    return endpoints.some(({ slow }) => slow > 0);
}

/** The largest size worth a try: smaller than what the MSS makes and than every stalling host's own link carries. */
function nextPacket(reports: MssProof["reports"], family: IpFamily, mss: number): number | undefined {
    const links = reports.flatMap(({ facts }) => {
        const route = facts.defaultRoute[family];
        return facts.links.filter(({ name }) => name === route?.link).map(({ mtu }) => route?.mtu ?? mtu);
    });
    const sent = Math.min(packetForMss(mss, family), Math.max(...links, 0) || Number.POSITIVE_INFINITY);
    return TRIED_PACKETS.find(size => size < sent && mssForPath(size, family) >= SEARCH_FLOOR[family]);
}
