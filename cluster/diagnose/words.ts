import type { Diagnosis, FailingSource, NodeNetwork, PullFailure, SecretFinding, UnreadyRelease } from "./diagnosis.ts";
import { CAUSE_IN_WORDS } from "./failureCause.ts";

/** One section of a page: only those with something to say are there, in the order in which one should read them. */
export interface Section {
    title: string;
    /** First cells are what a row is about. */
    rows: { head: string; facts: string[]; detail: string; isBlocking: boolean }[];
}

export function sectionsOf({ pulls, nodes, sources, releases, secrets }: Diagnosis): Section[] {
    const blocking = sources.filter(({ effect }) => effect === "blocks");
    const acceptable = sources.filter(({ effect }) => effect !== "blocks");
    return [
        {
            title: "Image pulls that fail",
            rows: pulls.filter(({ waitingPods }) => waitingPods.length > 0).map(pullRow),
        },
        {
            title: "Image pulls that failed before",
            rows: pulls.filter(({ waitingPods }) => waitingPods.length === 0).map(pullRow),
        },
        { title: "Nodes that do not reach registries", rows: nodes.map(nodeRow) },
        { title: "Sources that cannot be fetched", rows: blocking.map(sourceRow) },
        { title: "Sources that cannot be fetched, and need not be (acceptable)", rows: acceptable.map(sourceRow) },
        { title: "Releases that are not Ready", rows: releases.map(releaseRow) },
        { title: "Secrets", rows: secrets.map(secretRow) },
    ].filter(({ rows }) => rows.length > 0);
}

function pullRow(pull: PullFailure): Section["rows"][number] {
    const { image, node, cause, otherCauses, count, firstSeen, lastSeen, message, waitingPods } = pull;
    const others = otherCauses.map(other => CAUSE_IN_WORDS[other]);
    const seen = count === 0 ? "its events have expired" : `${times(count)}, ${between(firstSeen, lastSeen)}`;
    const waiting =
        waitingPods.length === 0
            ? "no pod waits for it any more"
            : `${waitingPods.length === 1 ? "1 pod waits" : `${waitingPods.length} pods wait`}: ${short(waitingPods)}`;
    return {
        head: `${image} on ${node || "a node that no event names"}`,
        facts: [[CAUSE_IN_WORDS[cause], ...others].join(", also "), seen, waiting],
        detail: message,
        isBlocking: waitingPods.length > 0,
    };
}

function nodeRow(node: NodeNetwork): Section["rows"][number] {
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

function sourceRow({
    object,
    url,
    cause,
    message,
    since,
    cachedRevision,
    dependents,
    unreadyDependents,
    effect,
}: FailingSource): Section["rows"][number] {
    const use =
        dependents.length === 0
            ? "nothing uses it"
            : unreadyDependents.length > 0
              ? `not Ready for want of it or otherwise: ${short(unreadyDependents)}`
              : `all that use it are Ready: ${short(dependents)}`;
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

function releaseRow({ object, reason, message, since, state, because }: UnreadyRelease): Section["rows"][number] {
    return {
        head: object,
        facts: [
            state === "progressing" ? "still at work" : reason,
            ...(since ? [`since ${moment(since)}`] : []),
            ...because,
        ],
        detail: message,
        isBlocking: state === "stalled",
    };
}

const EFFECT_IN_WORDS: Record<SecretFinding["effect"], string> = {
    blocks: "blocks",
    stale: "stale, and good enough to start with",
    store: "blocks nothing by itself",
};

function secretRow({ object, reason, message, since, effect }: SecretFinding): Section["rows"][number] {
    return {
        head: object,
        facts: [EFFECT_IN_WORDS[effect], ...(reason ? [reason] : []), ...(since ? [`since ${moment(since)}`] : [])],
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

function between(first: string | null, last: string | null): string {
    if (first === null || last === null) return "at an unknown time";
    return first === last ? `at ${moment(first)}` : `from ${moment(first)} to ${moment(last)}`;
}

/** `2026-01-31 12:03:04 UTC`, from ISO 8601 with or without fractions. */
function moment(iso: string): string {
    return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}
