import type { PullFailure } from "./diagnosis.ts";
import { readingOf } from "./failureCause.ts";
import type { FailedPull, PodEvents } from "./podEvents.ts";
import type { PodStates } from "./podStates.ts";
import { hasAnswered, mirrorAsked, registryOf } from "./registries.ts";

/** Failed pulls by image and node, those that pods wait for first. */
export function pullFailures(states: PodStates, { pulls }: PodEvents): PullFailure[] {
    const failures = new Map([...pulls].map(([key, one]) => [key, fromEvents(one, states)]));
    for (const { pod, node, image, message } of states.waiting) {
        const key = `${image} ${node}`;
        const failure = failures.get(key) ?? fromState(image, node, message);
        failures.set(key, failure);
        if (!failure.waitingPods.includes(pod)) failure.waitingPods.push(pod);
    }
    return [...failures.values()].sort(
        (a, b) =>
            Number(b.waitingPods.length > 0) - Number(a.waitingPods.length > 0) ||
            compare(a.image, b.image) ||
            compare(a.node, b.node),
    );
}

function fromEvents({ counts, pods, ...pull }: FailedPull, { pending, waiting }: PodStates): PullFailure {
    const [[cause] = ["other" as const], ...others] = [...counts].sort((a, b) => b[1] - a[1]);
    // A pod without a sandbox has no container that could wait: it has only not started.
    const withContainers = new Set(waiting.map(({ pod }) => pod));
    const waitingPods = [...pods].filter(pod => pending.get(pod) === pull.node && !withContainers.has(pod));
    return { ...pull, cause, otherCauses: others.map(([other]) => other), waitingPods };
}

/** Events are gone after an hour; what the kubelet wrote into the pod stays. */
function fromState(image: string, node: string, text: string): PullFailure {
    const registry = registryOf(image);
    const { cause, message } = readingOf(text);
    return {
        image,
        registry,
        node,
        cause,
        otherCauses: [],
        count: 0,
        firstSeen: null,
        lastSeen: null,
        message: text,
        mirror: mirrorAsked(registry, message),
        registryAnswered: hasAnswered(registry, message),
        waitingPods: [],
    };
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
