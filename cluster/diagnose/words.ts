import type {
    Broken,
    Diagnosis,
    FailingSource,
    NodeNetwork,
    PullFailure,
    SecretFinding,
    StuckPod,
    Unready,
    UnreadyRelease,
} from "./diagnosis.ts";
import { CAUSE_IN_WORDS } from "./failureCause.ts";
import { distinct } from "./sentence.ts";

/** One line of a section: what it is about, what is known of it, and the message it comes from. */
export interface Row {
    head: string;
    facts: string[];
    detail: string;
    isBlocking: boolean;
}

/** One section of a page: only those with something to say are there, in the order in which one should read them. */
export interface Section {
    title: string;
    /** What many rows have in common, said once before them. */
    summary: string[];
    rows: Row[];
    /** How many further rows were left out; --json has them. */
    more: number;
}

/** More rows of one section nobody reads at three in the morning. */
const MOST_ROWS = 20;
/** From so many rows of one cause on, the cause is told once, before them. */
const FEWEST_SUMMED_UP = 3;

export function sectionsOf(diagnosis: Diagnosis): Section[] {
    const { pulls, stuckPods, unreadyNodes, controllers, nodes, sources, fetching, releases, secrets } = diagnosis;
    const waiting = pulls.filter(({ waitingPods }) => waitingPods.length > 0);
    const recovered = pulls.filter(({ waitingPods }) => waitingPods.length === 0);
    const blocking = sources.filter(({ effect }) => effect === "blocks");
    const acceptable = sources.filter(({ effect }) => effect !== "blocks");
    return [
        section("Image pulls that fail", waiting.map(pullRow), summedUp(waiting)),
        section("Image pulls that failed before", recovered.map(pullRow)),
        section("Nodes that are not Ready", unreadyNodes.map(brokenRow)),
        section("Pods that do not start", stuckPods.map(podRow)),
        section("Flux's controllers that do not run", controllers.map(brokenRow)),
        section("Nodes that do not reach registries", nodes.map(nodeRow)),
        section("Sources that cannot be fetched", blocking.map(sourceRow)),
        section("Sources that cannot be fetched, and need not be (acceptable)", acceptable.map(sourceRow)),
        section("Sources that are being fetched", fetching.map(fetchingRow)),
        section("Releases that are not Ready", releases.map(releaseRow)),
        section("Secrets", secrets.map(secretRow)),
    ].filter(({ rows }) => rows.length > 0);
}

function section(title: string, rows: Row[], summary: string[] = []): Section {
    return { title, summary, rows: rows.slice(0, MOST_ROWS), more: Math.max(0, rows.length - MOST_ROWS) };
}

/** One paragraph for each cause that many pulls share. */
function summedUp(pulls: readonly PullFailure[]): string[] {
    return distinct(pulls.map(({ cause }) => cause)).flatMap(cause => {
        const alike = pulls.filter(one => one.cause === cause);
        if (alike.length < FEWEST_SUMMED_UP) return [];
        const images = distinct(alike.map(({ image }) => image)).length;
        const nodes = distinct(alike.map(({ node }) => node)).length;
        const pods = distinct(alike.flatMap(({ waitingPods }) => waitingPods)).length;
        const count = alike.reduce((sum, one) => sum + one.count, 0);
        const seen = alike.flatMap(({ lastSeen }) => lastSeen ?? []).sort();
        const last = alike.find(({ lastSeen }) => lastSeen === (seen.at(-1) ?? null)) ?? alike[0]!;
        const when = seen.length > 0 ? `, last at ${moment(seen.at(-1)!)}` : "";
        return [
            `${capital(CAUSE_IN_WORDS[cause])}: ${many(images, "image")} on ${many(nodes, "node")}, ${many(pods, "pod")} waiting, ${many(count, "failure")}${when}. The last message: ${last.message}`,
        ];
    });
}

function pullRow(pull: PullFailure): Row {
    const { image, node, cause, otherCauses, count, firstSeen, lastSeen, message, mirror, waitingPods } = pull;
    const others = otherCauses.map(other => CAUSE_IN_WORDS[other]);
    const seen = count === 0 ? "its events have expired" : `${times(count)}, ${between(firstSeen, lastSeen)}`;
    const waiting =
        waitingPods.length === 0
            ? "no pod waits for it any more"
            : `${waitingPods.length === 1 ? "1 pod waits" : `${waitingPods.length} pods wait`}: ${short(waitingPods)}`;
    return {
        head: `${image} on ${node || "a node that no event names"}`,
        facts: [
            [CAUSE_IN_WORDS[cause], ...others].join(", also "),
            ...(mirror ? [`asked of the mirror ${mirror}`] : []),
            seen,
            waiting,
        ],
        detail: message,
        isBlocking: waitingPods.length > 0,
    };
}

const KIND_IN_WORDS: Record<StuckPod["kind"], string> = {
    sandbox: "the runtime makes no sandbox for it",
    container: "its container cannot be made",
    volume: "a volume is not mounted",
    unscheduled: "no node takes it",
    unexplained: "it has not started yet",
};

function podRow({ pod, node, kind, reason, message, blocks }: StuckPod): Row {
    return {
        head: `Pod/${pod}${node ? ` on ${node}` : ""}`,
        facts: [KIND_IN_WORDS[kind], ...(reason ? [reason] : [])],
        detail: message,
        isBlocking: blocks,
    };
}

function brokenRow({ object, reason, message, since, blocks }: Broken): Row {
    const facts = [...(reason ? [reason] : []), ...(since ? [`since ${moment(since)}`] : [])];
    return { head: object, facts, detail: message, isBlocking: blocks };
}

function nodeRow(node: NodeNetwork): Row {
    const { link, mtu, routeMtu, gateway, resolvers, kubelet, runtime, conditions, note } = node;
    const network =
        node.source === "ssh"
            ? [
                  `MTU ${mtu ?? "unknown"}${link ? ` on ${link}` : ""}${routeMtu ? `, ${routeMtu} by its route` : ""}`,
                  `default route ${gateway ? `via ${gateway}` : "without a gateway"}`,
                  `resolver ${resolvers.join(", ") || "none"}`,
              ]
            : [];
    return {
        head: node.address ? `${node.node} (${node.address})` : node.node,
        facts: [...network, ...[kubelet, runtime].filter(fact => fact !== null), ...conditions],
        detail: note ?? "",
        isBlocking: false,
    };
}

function sourceRow(source: FailingSource): Row {
    const { object, url, cause, message, since, cachedRevision, dependents, unreadyDependents, effect } = source;
    const use =
        dependents.length === 0
            ? "nothing uses it"
            : unreadyDependents.length > 0
              ? `waiting for it: ${short(unreadyDependents)}`
              : `nothing waits for it; it is used by ${short(dependents)}`;
    return {
        head: url ? `${object} (${url})` : object,
        facts: [
            CAUSE_IN_WORDS[cause],
            ...(since ? [`since ${moment(since)}`] : []),
            cachedRevision ? `served from storage: ${cachedRevision}` : "nothing in storage",
            use,
        ],
        detail: message,
        isBlocking: effect === "blocks",
    };
}

function fetchingRow({ object, reason, message, since }: Unready): Row {
    const facts = ["still at work", ...(reason ? [reason] : []), ...(since ? [`since ${moment(since)}`] : [])];
    return { head: object, facts, detail: message, isBlocking: false };
}

function releaseRow({ object, reason, message, since, state, because }: UnreadyRelease): Row {
    return {
        head: object,
        facts: [
            state === "progressing" ? "still at work" : reason,
            ...(since ? [`since ${moment(since)}`] : []),
            ...because,
        ].filter(Boolean),
        detail: message,
        isBlocking: state === "stalled",
    };
}

const EFFECT_IN_WORDS: Record<SecretFinding["effect"], string> = {
    blocks: "workloads that need it do not start",
    stale: "from an earlier sync: workloads can start with it",
    store: "blocks nothing by itself",
    unknown: "not judged",
};

function secretRow({ object, reason, message, since, effect, cause }: SecretFinding): Row {
    return {
        head: object,
        facts: [
            EFFECT_IN_WORDS[effect],
            ...(cause === null || cause === "other" ? [] : [CAUSE_IN_WORDS[cause]]),
            ...(reason ? [reason] : []),
            ...(since ? [`since ${moment(since)}`] : []),
        ],
        detail: message,
        isBlocking: effect === "blocks",
    };
}

const MOST_NAMED = 3;

function short(names: readonly string[]): string {
    const more = names.length - MOST_NAMED;
    return `${names.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function times(count: number): string {
    return count === 1 ? "once" : `${count} times`;
}

function many(count: number, noun: string): string {
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function capital(text: string): string {
    return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function between(first: string | null, last: string | null): string {
    if (first === null || last === null) return "at an unknown time";
    return first === last ? `at ${moment(first)}` : `from ${moment(first)} to ${moment(last)}`;
}

/** `2026-01-31 12:03:04 UTC`, from ISO 8601 with or without fractions. */
function moment(iso: string): string {
    return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

const LONGEST_SHOWN = 1500;

/** A message of a host or controller on one line: without control characters, and no longer than one reads. */
export function oneLine(text: string): string {
    const line = text
        .slice(0, 4 * LONGEST_SHOWN)
        .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
        .trim();
    return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}
