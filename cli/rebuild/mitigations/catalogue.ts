import { IP_FAMILIES } from "../../../network/family.ts";
import { firstTries } from "./firstTry.ts";
import { canGo, keep, type Mitigation, missingHosts, notShown, type Proof, reportsOfNewHosts } from "./mitigation.ts";

/** Longest time Helm and Flux's helm-controller wait by default: `--timeout` of helm(1), `spec.timeout` of a HelmRelease. */
const HELM_DEFAULT_SECONDS = 300;

/** The workarounds. The first ones bring the most when they are removed. */
export const MITIGATIONS: readonly Mitigation[] = [
    {
        name: "pull-retries",
        title: "Retries around image pulls, and deploys that are run again until they work",
        hides: "handshakes that time out: a second try may take another path, or lose no packet",
        canGoWhen:
            "the new nodes reach every endpoint and pull every image at the first try, often enough to count as stable",
        judge(proof) {
            const tries = firstTries(proof);
            if ("answer" in tries) return tries;
            if (proof.bootstrapAttempts > 1)
                return keep(
                    `${tries.inWords}, but bootstrap needed ${proof.bootstrapAttempts} attempts. Read its output.`,
                );
            return canGo(`${tries.inWords}.`);
        },
    },
    {
        name: "pre-pulls",
        title: "Images pulled, or copied to the nodes, before the cluster starts",
        hides: "image pulls that fail when a node needs the image",
        canGoWhen: "nodes with empty disks pull every image at the first try before K3s starts",
        judge(proof) {
            const tries = firstTries(proof);
            if ("answer" in tries) return tries;
            if (tries.slowestPullsSeconds === null) return notShown("No image was pulled. Set probe.images.");
            const running = proof.newHosts.filter(({ k3s }) => k3s === "running").map(({ name }) => name);
            if (running.length > 0)
                return notShown(
                    `K3s was already running on ${running.join(", ")}, and may have pulled images before the probe.`,
                );
            return canGo(`${tries.inWords}, from empty disks, in ${tries.slowestPullsSeconds.toFixed(1)} s a node.`);
        },
    },
    {
        name: "long-helm-timeouts",
        title: "Helm and HelmRelease timeouts beyond five minutes",
        hides: "pulls that hang until Helm tries again",
        canGoWhen: "a node pulls all images in half of Helm's default timeout, 300 s, and nothing hangs",
        judge(proof) {
            const tries = firstTries(proof);
            if ("answer" in tries) return tries;
            const seconds = tries.slowestPullsSeconds;
            if (seconds === null) return notShown("No image was pulled. Set probe.images.");
            const said = `The slowest node took ${seconds.toFixed(1)} s for all images`;
            if (seconds > HELM_DEFAULT_SECONDS / 2)
                return keep(`${said}, more than half of Helm's default of ${HELM_DEFAULT_SECONDS} s.`);
            return canGo(
                `${said}. The rest of Helm's default of ${HELM_DEFAULT_SECONDS} s is enough for the workloads to start.`,
            );
        },
    },
    {
        name: "endless-remediation",
        title: "Endless remediation retries of HelmReleases, and loops of `flux reconcile`",
        hides: "sources and charts whose download fails from time to time",
        canGoWhen: "the new nodes reach everything at the first try, and the running cluster shows nothing that blocks",
        judge(proof) {
            const tries = firstTries(proof);
            if ("answer" in tries) return tries;
            if (proof.gates.diagnose === false) return keep("The cluster has failures that block. See the gates.");
            if (proof.gates.diagnose === null)
                return notShown(`${tries.inWords}, but nothing checked the running cluster. Set gates.kubeconfig.`);
            return canGo(`${tries.inWords}, and nothing blocks in the running cluster.`);
        },
    },
    {
        name: "mtu-step",
        title: "A step of the VM template or playbook that sets the nodes' MTU",
        hides: "a path whose MTU is smaller than the nodes assume: TCP gets through once the nodes' MTU is small enough",
        canGoWhen: "nodes start with another MTU, and `up` sets the MTU of the stack before K3s starts",
        judge: judgeMtuStep,
    },
    {
        name: "kernel-tweaks",
        title: "`tcp_mtu_probing`, route MTUs and `advmss` set by hand on the nodes",
        hides: "a black hole: connections that last long enough find a segment size that passes",
        canGoWhen: "the internet path has no fault, probed from nodes without these settings",
        judge: judgeKernelTweaks,
    },
    {
        name: "mirror",
        title: "A registry mirror that was added because of the uplink",
        hides: "an unreliable path to the registries",
        canGoWhen: "nodes without a mirror pull every image at the first try",
        judge(proof) {
            if (proof.mirror === "added")
                return keep("In this rebuild, the internet path was unreliable without the mirror.");
            if (proof.mirror === "before")
                return notShown("Every pull of this rebuild went through the mirror. Rebuild once without it.");
            const tries = firstTries(proof);
            return "answer" in tries ? tries : canGo(`${tries.inWords}, with no mirror.`);
        },
    },
    {
        name: "waits-for-secrets",
        title: "Health checks on secret stores, and sleeps until Doppler answers",
        hides: "calls to the secret provider that fail from time to time",
        canGoWhen: "the new nodes reach the provider's API at the first try, and the generated Secrets are there",
        judge: judgeSecretWaits,
    },
];

function judgeMtuStep(proof: Proof) {
    const { nodeMtu, newHosts } = proof;
    if (nodeMtu === null) return notShown("The stack sets no MTU on the nodes.");
    const missing = missingHosts(proof);
    if (missing.length > 0) return notShown(`Nothing was measured on ${missing.join(", ")}.`);
    const wrong = reportsOfNewHosts(proof).filter(({ facts }) => mtuTowardsGateway(facts) !== nodeMtu);
    if (wrong.length > 0)
        return keep(
            `${wrong.map(({ vantagePoint, facts }) => `${vantagePoint} has ${mtuTowardsGateway(facts) ?? "none known"}`).join(", ")}, not ${nodeMtu}.`,
        );
    const before = newHosts.filter(({ linkMtu }) => linkMtu === nodeMtu).map(({ name }) => name);
    if (before.length > 0)
        return notShown(
            `${before.join(", ")} already had an MTU of ${nodeMtu} when they started, so \`up\` changed nothing there. Leave the step out of the next rebuild.`,
        );
    const came = newHosts.map(({ name, linkMtu }) => `${name} came up with ${linkMtu ?? "an MTU nobody knows"}`);
    return canGo(`${came.join(", ")}; \`up\` made it ${nodeMtu} before K3s started.`);
}

type Facts = Proof["evidence"]["reports"][number]["facts"];

function mtuTowardsGateway({ links, defaultRoute }: Facts): number | null {
    const route = IP_FAMILIES.map(family => defaultRoute[family]).find(found => found !== undefined);
    return links.find(({ name }) => name === route?.link)?.mtu ?? null;
}

function judgeKernelTweaks(proof: Proof) {
    const found = reportsOfNewHosts(proof).flatMap(({ vantagePoint, facts }) => [
        ...(facts.tcpMtuProbing ? [`tcp_mtu_probing is ${facts.tcpMtuProbing} on ${vantagePoint}`] : []),
        ...IP_FAMILIES.flatMap(family => {
            const route = facts.defaultRoute[family];
            return [
                ...(route?.mtu ? [`the default route of ${vantagePoint} has an MTU of ${route.mtu}`] : []),
                ...(route?.advmss ? [`the default route of ${vantagePoint} has an advmss of ${route.advmss}`] : []),
            ];
        }),
    ]);
    if (found.length > 0)
        return notShown(
            `${found.join(", ")}. These settings may have caused the good result. Rebuild once without them.`,
        );
    const tries = firstTries(proof);
    return "answer" in tries ? tries : canGo(`${tries.inWords}, from nodes without these settings.`);
}

function judgeSecretWaits(proof: Proof) {
    const tries = firstTries(proof);
    if ("answer" in tries) return tries;
    const apis = proof.evidence.plan.endpoints.filter(({ kind }) => kind === "api").map(({ host }) => host);
    if (apis.length === 0) return notShown("No API was called. Give probe.endpoints the provider's, with kind: api.");
    if (proof.gates.secrets === false) return keep("Some generated Secrets are missing. See the gates.");
    if (proof.gates.secrets === null)
        return notShown(
            `${apis.join(", ")} answered every call, but no generated Secret was waited for. Set gates.secrets.`,
        );
    return canGo(`${apis.join(", ")} answered every call from the new nodes, and the generated Secrets are there.`);
}
