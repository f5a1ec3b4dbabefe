import { adviceOn } from "./advice.ts";
import type { Broken, Conclusion, Diagnosis, StuckPod } from "./diagnosis.ts";
import { CAUSE_IN_WORDS, causeOf, isOfNetwork } from "./failureCause.ts";
import { takenApart } from "./message.ts";
import { pullConclusion } from "./pullConclusion.ts";
import { isWellKnown } from "./registries.ts";
import { failedByNetwork } from "./secretFindings.ts";
import { distinct, listed, PROBE } from "./sentence.ts";

type Findings = Omit<Diagnosis, "version" | "at" | "cluster" | "blocking" | "conclusion" | "nodes">;

/** What blocks now, from findings. */
export function isBlocking(findings: Findings): boolean {
    const { pulls, stuckPods, unreadyNodes, controllers, sources, releases, secrets } = findings;
    return (
        pulls.some(({ waitingPods }) => waitingPods.length > 0) ||
        [...stuckPods, ...unreadyNodes, ...controllers].some(({ blocks }) => blocks) ||
        [...sources, ...secrets].some(({ effect }) => effect === "blocks") ||
        releases.some(({ state }) => state === "stalled")
    );
}

/** Whose fault it is: the deepest cause is named, and what follows from it is not. */
export function conclusionOf(findings: Findings): Conclusion {
    const blocked = findings.pulls.filter(({ waitingPods }) => waitingPods.length > 0);
    if (blocked.length > 0) return pullConclusion(blocked);
    return (
        ofNodes(findings) ??
        ofPods(findings) ??
        ofControllers(findings) ??
        ofSources(findings) ??
        ofReleases(findings) ??
        ofSecrets(findings) ??
        nothing(findings)
    );
}

function ofNodes({ unreadyNodes }: Findings): Conclusion | undefined {
    const broken = unreadyNodes.filter(({ blocks }) => blocks);
    if (broken.length === 0) return undefined;
    return {
        culprit: "node",
        sentence: `${listed(broken.map(({ object }) => object))} ${broken.length === 1 ? "is" : "are"} not Ready, so pods there do not start: ${firstWords(broken)}`,
        actions: ["Look at the kubelet on the node: `systemctl status k3s` or `k3s-agent`, and its journal."],
    };
}

const POD_ACTIONS: Record<StuckPod["kind"], string> = {
    sandbox: "Read the message of each.",
    container: "Read the message of each: it names what the container lacks.",
    volume: "Read the message of each: it names the volume and what it waits for.",
    unscheduled: "Read the scheduler's message: it counts the nodes and says what each lacks.",
    unexplained:
        "Run `kubectl describe pod` for one of them, or delete it and read the events of the pod that replaces it.",
};

function ofPods({ stuckPods, secrets }: Findings): Conclusion | undefined {
    const stuck = stuckPods.filter(({ blocks }) => blocks);
    if (stuck.length === 0) return undefined;
    const lacking = stuck.filter(({ missingSecret }) => missingSecret !== null);
    if (lacking.length === stuck.length) return ofMissingSecrets(lacking, secrets);
    const deepest = stuck.filter(({ kind }) => kind === stuck[0]!.kind);
    const readings = deepest.map(({ message }) => ({ message, cause: causeOf(message) }));
    const byNetwork = readings.filter(({ cause }) => isOfNetwork(cause) && cause !== "timeout");
    const pods = listed(deepest.map(({ pod }) => pod));
    const many = deepest.length === 1 ? "does" : "do";
    return {
        culprit: culpritOf(deepest[0]!.kind),
        sentence: `${pods} ${many} not start${onNodes(deepest)}: ${oneLine(deepest[0]!.message)}`,
        actions: [
            POD_ACTIONS[deepest[0]!.kind],
            ...(deepest[0]!.kind === "sandbox"
                ? distinct(
                      readings
                          .filter(({ cause }) => cause !== "other")
                          .flatMap(one => adviceOn(one.cause, one.message)),
                  )
                : []),
            ...(byNetwork.length > 0 ? [PROBE] : []),
        ],
    };
}

function culpritOf(kind: StuckPod["kind"]): Conclusion["culprit"] {
    if (kind === "container" || kind === "volume") return "release";
    return kind === "unexplained" ? "none" : "node";
}

function ofMissingSecrets(pods: readonly StuckPod[], secrets: Findings["secrets"]): Conclusion {
    const names = pods.map(({ pod, missingSecret }) => `${pod.split("/")[0]}/${missingSecret}`);
    const generators = secrets.filter(({ effect }) => effect === "blocks");
    const by = whatDidNotGenerate(generators);
    return {
        culprit: "secret",
        sentence: `${listed(pods.map(({ pod }) => pod))} cannot start: the ${distinct(names).length === 1 ? "Secret" : "Secrets"} ${listed(names)} ${distinct(names).length === 1 ? "does" : "do"} not exist.${by}`,
        actions: [
            generators.length > 0
                ? "Correct what the ExternalSecret's message names, then run `clearpath secrets` for it."
                : "Create the Secret, or run `clearpath diagnose --gate secrets` to see whether an ExternalSecret should generate it.",
            ...networkOfSecrets(generators),
        ],
    };
}

function ofControllers({ controllers }: Findings): Conclusion | undefined {
    if (controllers.length === 0) return undefined;
    return {
        culprit: "release",
        sentence: `Flux itself does not run: ${listed(controllers.map(({ object }) => object))} ${controllers.length === 1 ? "ends" : "end"} again and again. What its objects say is from before.`,
        actions: ["Read why: `kubectl logs --previous` of that pod."],
    };
}

function ofSources({ sources }: Findings): Conclusion | undefined {
    const blocking = sources.filter(({ effect }) => effect === "blocks");
    if (blocking.length === 0) return undefined;
    const causes = distinct(blocking.map(({ cause }) => CAUSE_IN_WORDS[cause])).join(", ");
    const start = `${listed(blocking.map(({ object }) => object))} cannot be fetched (${causes})`;
    const denied = blocking.filter(isDeniedName);
    const isTypo = denied.length === blocking.length && distinct(denied.map(({ url }) => url)).length === 1;
    if (!isTypo && blocking.every(({ cause }) => isOfNetwork(cause)))
        return {
            culprit: "network",
            sentence: `${start}: it is the network, on the way out of the node that source-controller runs on.`,
            actions: [PROBE],
        };
    const certificates = blocking.filter(({ cause }) => cause === "certificate");
    return {
        culprit: "source",
        sentence: `${start}, and what depends on ${blocking.length === 1 ? "it" : "them"} does not arrive.`,
        actions: [
            "Read the message of each: it names the address, the credentials or the revision that is wrong.",
            ...distinct(certificates.flatMap(({ cause, message }) => adviceOn(cause, message))),
            ...(blocking.some(({ cause }) => isOfNetwork(cause) || cause === "other") ? [PROBE] : []),
        ],
    };
}

/** The resolver says that the source's host does not exist, and nobody knows it better. */
function isDeniedName({ cause, message }: Findings["sources"][number]): boolean {
    const host = takenApart(message).asked ?? "";
    return cause === "dns" && /no such host|NXDOMAIN/i.test(message) && !isWellKnown(host);
}

function ofReleases(findings: Findings): Conclusion | undefined {
    const { releases, secrets, pulls, sources } = findings;
    const stalled = releases.filter(({ state }) => state === "stalled");
    if (stalled.length === 0) return undefined;
    const roots = stalled.filter(({ isRoot }) => isRoot);
    const named = roots.length > 0 ? roots : stalled;
    const missing = secrets.filter(
        ({ object, effect }) =>
            effect === "blocks" && named.some(({ because }) => because.includes(`${object} has generated no Secret`)),
    );
    if (
        missing.length > 0 &&
        named.every(({ because }) => because.some(text => text.endsWith("has generated no Secret")))
    )
        return ofSecrets({ ...findings, secrets: missing });
    const lacking = named.map(({ because }) => because.find(text => /^the Secret \S+ does not exist$/.test(text)));
    if (lacking.every(text => text !== undefined)) return ofLackingReleases(named, lacking, secrets);
    const circle = named.flatMap(({ because }) => because).find(text => text.startsWith("waits in a circle"));
    const areCircular = named.every(({ because }) => because.some(text => text.startsWith("waits in a circle")));
    if (circle !== undefined && areCircular)
        return {
            culprit: "release",
            sentence: `None of these becomes Ready, because each waits for the next in a circle: ${circle.replace("waits in a circle: ", "")}.`,
            actions: ["Take one `dependsOn` out of the circle."],
        };
    const one = named.length === 1;
    const waiting = stalled.length - named.length;
    const looked = pulls.length + sources.length === 0 ? " No failing image pull and no failing source was found." : "";
    return {
        culprit: "release",
        sentence: `${listed(named.map(({ object }) => object))} ${one ? "is" : "are"} not Ready${waiting > 0 ? `, and ${waiting} more ${waiting === 1 ? "waits" : "wait"} for ${one ? "it" : "them"}` : ""}.${looked}`,
        actions: [
            "Read the message of each; what only waits for another is listed after it.",
            ...networkOfSecrets(failedByNetwork(secrets)),
        ],
    };
}

/** The sentence that names what should have generated Secrets, behind a space; empty where there is nothing. */
function whatDidNotGenerate(generators: readonly { object: string }[]): string {
    if (generators.length === 0) return "";
    return ` ${listed(generators.map(({ object }) => object))} should generate Secrets and did not.`;
}

function ofLackingReleases(
    releases: readonly { object: string }[],
    lacking: readonly string[],
    secrets: Findings["secrets"],
): Conclusion {
    const generators = secrets.filter(({ effect }) => effect === "blocks");
    const by = whatDidNotGenerate(generators);
    return {
        culprit: "secret",
        sentence: `${listed(releases.map(({ object }) => object))} ${releases.length === 1 ? "is" : "are"} not Ready: ${distinct(lacking).join(", ")}.${by}`,
        actions: [
            "Create the Secret, or run `clearpath diagnose --gate secrets` to see whether an ExternalSecret should generate it.",
            ...networkOfSecrets(generators),
        ],
    };
}

function ofSecrets({ secrets }: Pick<Findings, "secrets">): Conclusion | undefined {
    const blocking = secrets.filter(({ effect }) => effect === "blocks");
    if (blocking.length === 0) return undefined;
    const causes = distinct(
        blocking.flatMap(({ cause }) => (cause === null || cause === "other" ? [] : [CAUSE_IN_WORDS[cause]])),
    );
    return {
        culprit: "secret",
        sentence: `${listed(blocking.map(({ object }) => object))} ${blocking.length === 1 ? "has" : "have"} generated no Secret that workloads can start with${causes.length > 0 ? ` (${causes.join(", ")})` : ""}.`,
        actions: [
            "Correct what its message names, then run `clearpath secrets` for it.",
            ...networkOfSecrets(failedByNetwork(blocking)),
        ],
    };
}

function networkOfSecrets(secrets: Findings["secrets"]): string[] {
    if (failedByNetwork(secrets).length === 0) return [];
    return [
        `The network did not carry the requests to the provider of ${listed(
            secrets.map(({ object }) => object),
            3,
        )}. ${PROBE}`,
    ];
}

function nothing(findings: Findings): Conclusion {
    const { pulls, sources, secrets, releases, fetching, stuckPods, unreadyNodes, notLookedAt } = findings;
    const atWork = [
        ...fetching.map(({ object }) => object),
        ...releases.map(({ object }) => object),
        ...stuckPods.map(({ pod }) => `Pod/${pod}`),
        ...unreadyNodes.map(({ object }) => object),
    ];
    const byNetwork = failedByNetwork(secrets);
    const network =
        byNetwork.length > 0
            ? ` But the network does not carry the requests to a provider (${listed(
                  byNetwork.map(({ object }) => object),
                  3,
              )}), so no newer Secret arrives.`
            : "";
    const actions = byNetwork.length > 0 ? [PROBE] : [];
    if (atWork.length > 0)
        return {
            culprit: "none",
            sentence: `Nothing fails, but ${atWork.length} ${atWork.length === 1 ? "object is" : "objects are"} still at work: ${listed(atWork)}. Run it again later.${network}`,
            actions,
        };
    const isPartial = notLookedAt.some(sentence => sentence.includes("(403)"));
    const some = pulls.length + sources.length + secrets.length > 0;
    return {
        culprit: "none",
        sentence: `${isPartial ? "Nothing that could be looked at blocks." : "Nothing blocks: no image pull, pod, node, source or release fails now."}${some ? " What is listed has recovered, or what is there already serves in its place." : ""}${network}`,
        actions,
    };
}

function onNodes(pods: readonly StuckPod[]): string {
    const nodes = distinct(pods.map(({ node }) => node).filter(Boolean));
    return nodes.length > 0 ? ` on ${listed(nodes)}` : "";
}

function firstWords(broken: readonly Broken[]): string {
    const { message, reason } = broken[0]!;
    return oneLine(message || reason || "no reason given");
}

function oneLine(text: string): string {
    const line = text.replace(/\s+/g, " ").trim();
    return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
