import { adviceOn } from "./advice.ts";
import type { Conclusion, PullFailure } from "./diagnosis.ts";
import { CAUSE_IN_WORDS, sideOf } from "./failureCause.ts";
import { isWellKnown, operatorOf } from "./registries.ts";
import { distinct, listed, PROBE } from "./sentence.ts";

/** Whose fault it is that pods wait for images. */
export function pullConclusion(blocked: readonly PullFailure[]): Conclusion {
    const denied = blocked.filter(isDeniedName);
    const isTypo = distinct(denied.map(({ registry }) => registry)).length === 1;
    const byNetwork = blocked.filter(one => sideOf(one.cause) === "network" && !(isTypo && denied.includes(one)));
    if (byNetwork.length > 0) return atNetwork(byNetwork);
    if (isTypo && denied.length > 0) return atName(denied);
    const hidden = hiddenByMirror(blocked);
    return hidden.length > 0 ? atMirror(hidden) : elsewhere(blocked);
}

function atNetwork(failures: PullFailure[]): Conclusion {
    const registries = distinct(failures.map(({ registry }) => registry));
    const start = `${pulls(failures)} fail (${causes(failures)}): ${listed(registries)}.`;
    const mirrors = distinct(failures.map(({ mirror }) => mirror));
    const [mirror] = mirrors;
    if (mirrors.length === 1 && mirror) return atOneMirror(failures, mirror, start);
    if (failures.every(({ cause }) => cause === "proxy"))
        return {
            culprit: "network",
            sentence: `${start} The nodes ask through a proxy, and it is the proxy that fails.`,
            actions: [
                "Check that the proxy runs, and HTTPS_PROXY and NO_PROXY of the runtime: on K3s in /etc/systemd/system/k3s.service.env.",
                PROBE,
            ],
        };
    const operators = distinct(registries.map(operatorOf));
    const nodes = distinct(failures.map(({ node }) => node).filter(Boolean));
    const out = nodes.length === 0 ? "" : nodes.length === 1 ? " of this node" : " of these nodes";
    const why =
        registries.length === 1
            ? `Only ${registries[0]} is hit, so the fault may be in that registry as well as on the way to it.`
            : operators.length === 1
              ? `All of them are run by one operator (${operators[0]}), so the fault may be there as well as on the way to it.`
              : `${registries.length} registries that have nothing in common fail alike, so none of them is at fault: it is the network, on the way out${out}.`;
    return { culprit: "network", sentence: `${start} ${why}`, actions: [PROBE] };
}

function atOneMirror(failures: PullFailure[], mirror: string, start: string): Conclusion {
    const isDown = failures.every(({ cause }) => ["refused", "dns", "unreachable"].includes(cause));
    return {
        culprit: isDown ? "registry" : "network",
        sentence: `${start} All of these requests went to one mirror, ${mirror}. ${isDown ? "Nobody answers there" : "It does not answer in time or whole"}; the registries behind it were not the last that was asked, and nothing is known of them.`,
        actions: [
            `Check that the mirror ${mirror} runs and that the node reaches it, or take it out of registries.yaml.`,
            PROBE,
        ],
    };
}

/** The resolver says that the name does not exist: an answer, which is right for a name that is not well known. */
function isDeniedName({ cause, message, registry }: PullFailure): boolean {
    return cause === "dns" && /no such host|NXDOMAIN/i.test(message) && !isWellKnown(registry);
}

function atName(failures: PullFailure[]): Conclusion {
    const [registry = ""] = failures.map(one => one.registry);
    return {
        culprit: "registry",
        sentence: `${pulls(failures)} fail: the resolver answers that ${registry} does not exist. Other registries do not fail that way.`,
        actions: [
            `Correct the registry's name in ${listed(failures.map(({ image }) => image))}, or make your resolver know it.`,
        ],
    };
}

/** "Not found" and errors that a mirror may have said in the registry's place. */
function hiddenByMirror(failures: readonly PullFailure[]): PullFailure[] {
    const named = failures.filter(({ mirror, cause }) => mirror !== null && sideOf(cause) === "answer");
    const absent = failures.filter(({ cause, registryAnswered }) => cause === "not-found" && !registryAnswered);
    const several = distinct(absent.map(({ registry }) => operatorOf(registry))).length > 1 ? absent : [];
    const hidden = distinct([...named, ...several]);
    return hidden.length === failures.filter(({ cause }) => sideOf(cause) === "answer").length ? hidden : [];
}

function atMirror(failures: PullFailure[]): Conclusion {
    const mirrors = distinct(failures.map(({ mirror }) => mirror).filter(one => one !== null));
    const who = mirrors.length > 0 ? `${listed(mirrors)}, a mirror,` : "a mirror";
    const registries = distinct(failures.map(({ registry }) => registry));
    const isAbsent = failures.every(({ cause }) => cause === "not-found");
    const said =
        mirrors.length > 0
            ? `It was ${who} that answered this for ${listed(registries)}.`
            : `Images of ${registries.length} registries are missing at the same time, so it is likely that ${who} answered for all of them.`;
    return {
        culprit: isAbsent ? "none" : "registry",
        sentence: `${pulls(failures)} fail (${causes(failures)}): ${listed(failures.map(({ image }) => image))}. ${said} containerd reports a mirror's answer even where the registry itself could not be reached afterwards, so the state of ${registries.length === 1 ? "the registry" : "the registries"} and of the way to ${registries.length === 1 ? "it" : "them"} is unknown.`,
        actions: [
            PROBE,
            "Ask both apart on the node: `crictl pull` with the mirror, and `curl -I https://REGISTRY/v2/` without it.",
            ...(isAbsent ? [] : distinct(failures.flatMap(({ cause, message }) => adviceOn(cause, message)))),
        ],
    };
}

function elsewhere(failures: readonly PullFailure[]): Conclusion {
    const sides = distinct(failures.map(({ cause }) => sideOf(cause)));
    const answers = failures.filter(({ cause }) => sideOf(cause) === "answer");
    const culprit = answers.length > 0 ? "registry" : sides.includes("node") ? "node" : "none";
    return {
        culprit,
        sentence: `${pulls(failures)} fail (${causes(failures)}): ${listed(failures.map(({ image }) => image))}.${answers.length > 0 ? ` ${whoAnswered(answers)}` : ""}${unknown(failures)}`,
        actions: distinct(failures.flatMap(({ cause, message }) => adviceOn(cause, message))),
    };
}

function whoAnswered(answers: readonly PullFailure[]): string {
    const registries = listed(answers.map(({ registry }) => registry));
    if (answers.every(({ registryAnswered }) => registryAnswered))
        return `${registries} answered with a status, so requests of the node reach it.`;
    return `Somebody answered: ${registries}, or a server that stands in for it.`;
}

function unknown(failures: readonly PullFailure[]): string {
    const some = failures.filter(({ cause }) => cause === "other");
    if (some.length === 0) return "";
    return some.every(
        ({ count, message }) => count === 0 && /^\w{1,40}: Back-off pulling image "[^"]{1,500}"$/.test(message),
    )
        ? " The events that said why have expired. Delete one of the pods, and read the events of the pod that replaces it."
        : " Clearpath does not know one of these messages, so nobody is cleared: neither the network, nor the registry, nor the node.";
}

function pulls(failures: readonly PullFailure[]): string {
    const nodes = distinct(failures.map(({ node }) => node).filter(Boolean));
    const images = distinct(failures.map(({ image }) => image)).length;
    return `${images > 1 ? `Image pulls of ${images} images` : "Image pulls"}${nodes.length > 0 ? ` from ${listed(nodes)}` : ""}`;
}

function causes(failures: readonly PullFailure[]): string {
    return distinct(failures.map(({ cause }) => CAUSE_IN_WORDS[cause])).join(", ");
}
