import type { Conclusion, Diagnosis, PullFailure } from "./diagnosis.ts";
import { CAUSE_IN_WORDS, isOfNetwork } from "./failureCause.ts";

type Findings = Pick<Diagnosis, "pulls" | "sources" | "releases" | "secrets">;

const PROBE = "Run `clearpath probe --stack NAME`: it finds out where on the way it breaks, and what to change.";

/** What blocks now, from findings. */
export function isBlocking({ pulls, sources, releases, secrets }: Findings): boolean {
    return (
        pulls.some(({ waitingPods }) => waitingPods.length > 0) ||
        sources.some(({ effect }) => effect === "blocks") ||
        releases.some(({ state }) => state === "stalled") ||
        secrets.some(({ effect }) => effect === "blocks")
    );
}

/** Whose fault it is: what lies deepest is named, and what follows from it is not. */
export function conclusionOf(findings: Findings): Conclusion {
    const blocked = findings.pulls.filter(({ waitingPods }) => waitingPods.length > 0);
    const byNetwork = blocked.filter(({ cause }) => isOfNetwork(cause));
    if (byNetwork.length > 0) return networkAtPulls(byNetwork);
    if (blocked.length > 0) return otherPulls(blocked);
    return ofSources(findings) ?? ofReleases(findings) ?? ofSecrets(findings) ?? nothing(findings);
}

function networkAtPulls(failures: PullFailure[]): Conclusion {
    const registries = distinct(failures.map(({ registry }) => registry));
    const nodes = distinct(failures.map(({ node }) => node).filter(Boolean));
    const causes = distinct(failures.map(({ cause }) => CAUSE_IN_WORDS[cause])).join(", ");
    const from = nodes.length > 0 ? ` from ${listed(nodes)}` : "";
    const alone = registries.length === 1;
    const why = alone
        ? `Only ${registries[0]} is hit, so it may be that registry as well as the way to it.`
        : `${registries.length} registries that have nothing in common fail alike, so none of them is at fault: it is the network, on the way out${nodes.length === 1 ? " of this node" : nodes.length > 1 ? " of these nodes" : ""}.`;
    return {
        culprit: "network",
        sentence: `Image pulls${from} fail (${causes}): ${listed(registries)}. ${why}`,
        actions: [PROBE],
    };
}

const ADVICE: Partial<Record<PullFailure["cause"], string>> = {
    "rate-limit": "Log in to the registry, or pull through a cache: K3sRegistries and PullThroughRegistry do both.",
    auth: "Check the pull secret, and that the image exists: registries hide what one may not see.",
    "not-found": "Correct the image's name or tag.",
    certificate:
        "Give the node the authority that signs the registry's certificate: `certificateAuthorities` of K3sRegistries.",
    upstream: "Wait for the registry, or pull through a cache that holds the image.",
    "no-space": "Free space on the node: `k3s crictl rmi --prune`.",
    platform: "Choose an image that is built for the node's architecture.",
    "invalid-name": "Correct the image's name.",
    "never-pulled": "Import the image on the node, or change imagePullPolicy.",
};

const ON_NODE: readonly PullFailure["cause"][] = ["no-space", "platform", "invalid-name", "never-pulled"];

function otherPulls(failures: PullFailure[]): Conclusion {
    const causes = distinct(failures.map(({ cause }) => cause));
    const images = distinct(failures.map(({ image }) => image));
    return {
        culprit: causes.every(cause => ON_NODE.includes(cause)) ? "node" : "registry",
        sentence: `Image pulls fail (${causes.map(cause => CAUSE_IN_WORDS[cause]).join(", ")}): ${listed(images)}. The network carries the answers, so it is not at fault.`,
        actions: causes.flatMap(cause => ADVICE[cause] ?? []),
    };
}

function ofSources({ sources }: Findings): Conclusion | undefined {
    const blocking = sources.filter(({ effect }) => effect === "blocks");
    if (blocking.length === 0) return undefined;
    const names = listed(blocking.map(({ object }) => object));
    const byNetwork = blocking.filter(({ cause }) => isOfNetwork(cause));
    if (byNetwork.length === blocking.length)
        return {
            culprit: "network",
            sentence: `${names} cannot be fetched (${distinct(blocking.map(({ cause }) => CAUSE_IN_WORDS[cause])).join(", ")}): it is the network, on the way out of the node that source-controller runs on.`,
            actions: [PROBE],
        };
    return {
        culprit: "source",
        sentence: `${names} cannot be fetched (${distinct(blocking.map(({ cause }) => CAUSE_IN_WORDS[cause])).join(", ")}), and what depends on it does not arrive.`,
        actions: ["Read the message of each: address, credentials and revision are what they name."],
    };
}

function ofReleases({ releases }: Findings): Conclusion | undefined {
    const stalled = releases.filter(({ state }) => state === "stalled");
    if (stalled.length === 0) return undefined;
    const roots = stalled.filter(({ because }) => !because.some(text => text.startsWith("waits for ")));
    return {
        culprit: "release",
        sentence: `${listed((roots.length > 0 ? roots : stalled).map(({ object }) => object))} ${(roots.length || stalled.length) === 1 ? "is" : "are"} not Ready. Images are pulled and sources are fetched, so the network is not at fault.`,
        actions: ["Read the message of each; what only waits for another is listed after it."],
    };
}

function ofSecrets({ secrets }: Findings): Conclusion | undefined {
    const blocking = secrets.filter(({ effect }) => effect === "blocks");
    if (blocking.length === 0) return undefined;
    return {
        culprit: "secret",
        sentence: `${listed(blocking.map(({ object }) => object))} has generated no Secret that workloads can start with.`,
        actions: ["Mend what its message names, then run `clearpath secrets` for it."],
    };
}

function nothing({ pulls, sources, secrets }: Findings): Conclusion {
    const some = pulls.length + sources.length + secrets.length > 0;
    return {
        culprit: "none",
        sentence: some
            ? "Nothing blocks. What is listed has recovered, or is served from what is there."
            : "Nothing blocks.",
        actions: [],
    };
}

function distinct<T>(values: readonly T[]): T[] {
    return [...new Set(values)];
}

const MOST_NAMED = 6;

function listed(names: readonly string[]): string {
    const shown = distinct(names);
    if (shown.length <= MOST_NAMED) return shown.join(", ");
    return `${shown.slice(0, MOST_NAMED).join(", ")} and ${shown.length - MOST_NAMED} more`;
}
