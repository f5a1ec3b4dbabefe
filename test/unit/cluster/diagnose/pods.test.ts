import { describe, expect, it } from "vitest";
import { ApiFailure } from "../../../../cluster/api/apiFailure.ts";
import { diagnose } from "../../../../cluster/diagnose/diagnose.ts";
import { diagnosisText } from "../../../../cluster/diagnose/text.ts";
import { type AnyObject, CREATING, clusterOf, condition, event, git, pod, stuckPull } from "./standIn.ts";

const found = (...objects: AnyObject[]) => diagnose(clusterOf(objects));
const sandbox = (message: string) => [
    pod("a", { waiting: CREATING }),
    event(
        { name: "a" },
        "FailedCreatePodSandBox",
        `Failed to create pod sandbox: rpc error: code = Unknown desc = ${message}`,
    ),
];
const TLS_TIMEOUT = "net/http: TLS handshake timeout";
const node = (name: string, ready: object, created?: string): AnyObject => ({
    kind: "Node",
    metadata: { name, ...(created ? { creationTimestamp: created } : {}) },
    status: { conditions: [ready] },
});

describe("a pod without a sandbox", () => {
    it.each([
        [
            "containerd",
            `failed to get sandbox image "rancher/mirrored-pause:3.6": failed to pull image "rancher/mirrored-pause:3.6": ${TLS_TIMEOUT}`,
        ],
        [
            "containerd 2",
            `failed to start sandbox "1a": failed to get sandbox image "rancher/mirrored-pause:3.6": failed to pull and unpack image "docker.io/rancher/mirrored-pause:3.6": ${TLS_TIMEOUT}`,
        ],
        [
            "cri-dockerd",
            `failed pulling image "rancher/mirrored-pause:3.6": Error response from daemon: Get "https://registry-1.docker.io/v2/": ${TLS_TIMEOUT}`,
        ],
        [
            "CRI-O",
            `error creating pod sandbox with name "k8s_POD_a": initializing source docker://rancher/mirrored-pause:3.6: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": ${TLS_TIMEOUT}`,
        ],
    ])("because of its image is a failed pull, in the words of %s", async (_, message) => {
        const { pulls, conclusion } = await found(...sandbox(message));
        expect(pulls).toMatchObject([
            {
                image: "rancher/mirrored-pause:3.6",
                registry: "docker.io",
                cause: "tls-timeout",
                waitingPods: ["apps/a"],
            },
        ]);
        expect(conclusion.culprit).toBe("network");
    });

    it.each([
        'failed to setup network for sandbox "4e": plugin type="flannel" failed (add): open /run/flannel/subnet.env: no such file or directory',
        'failed to create pod network sandbox k8s_a_b(1): error adding pod a to CNI network "cbr0": plugin type="bridge" failed (add): no IP addresses available in range set: 10.42.0.1-10.42.0.254',
        'failed to set up sandbox container "12" network for pod "a": networkPlugin cni failed to set up pod "a" network: stat: no such file or directory',
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: unable to apply cgroup configuration",
    ])("for another reason is the node's trouble: %s", async message => {
        const { blocking, conclusion, stuckPods } = await found(...sandbox(message));
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: true, culprit: "node" });
        expect(stuckPods).toMatchObject([{ pod: "apps/a", kind: "sandbox" }]);
    });

    it("that has one since is not stuck for what its events say of before", async () => {
        const [first, ...events] = sandbox("failed to reserve sandbox name");
        first!.status.conditions = [{ type: "PodReadyToStartContainers", status: "True" }];
        expect((await found(first!, ...events)).blocking).toBe(false);
    });

    it.each([
        ["runs an init container", { initContainerStatuses: [{ name: "i", image: "i:1", state: { running: {} } }] }],
        ["has an address", { podIP: "10.42.0.7" }],
    ])("is not meant where the pod %s", async (_, status) => {
        const waiting = pod("a", {
            waiting: { reason: "PodInitializing" },
            status: { ...status, startTime: "2026-01-31T12:00:00Z" },
        });
        expect((await found(waiting)).blocking).toBe(false);
    });

    it("and without events is listed, and blocks only when it is old", async () => {
        const old = pod("old", { waiting: CREATING, status: { startTime: "2026-01-31T12:00:00Z" } });
        const fresh = pod("new", { waiting: CREATING, status: { startTime: new Date().toISOString() } });
        expect((await found(old)).blocking).toBe(true);
        const { blocking, conclusion } = await found(fresh);
        expect(blocking).toBe(false);
        expect(conclusion.sentence).toContain("still at work: Pod/apps/new");
    });
});

describe("a pod that no node takes", () => {
    it("is told in the scheduler's words", async () => {
        const message = "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.";
        const waiting = pod("a", { node: "" });
        waiting.status = {
            phase: "Pending",
            conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
        };
        const { blocking, conclusion } = await found(waiting);
        expect(blocking).toBe(true);
        expect(conclusion.sentence).toContain("untolerated taint");
    });
});

describe("pulls whose events have expired", () => {
    it("clear nobody, and say how to hear the reason again", async () => {
        const { conclusion, blocking } = await found(pod("a"));
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: true, culprit: "none" });
        expect(conclusion.sentence).toContain("have expired");
    });
});

describe("nodes", () => {
    const gone = condition("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.");

    it("that are not Ready block, except new ones", async () => {
        const { blocking, conclusion } = await found(node("worker1", gone));
        expect({ blocking, culprit: conclusion.culprit }).toEqual({ blocking: true, culprit: "node" });
        expect((await found(node("worker1", gone, new Date().toISOString()))).blocking).toBe(false);
    });

    it("that are Ready are not mentioned", async () => {
        const { unreadyNodes, conclusion } = await found(node("worker1", condition("True", "KubeletReady", "ready")));
        expect(unreadyNodes).toEqual([]);
        expect(conclusion.sentence).toMatch(/^Nothing blocks/);
    });
});

describe("a user who may not read everything", () => {
    it.each([
        ["nodes", "/nodes", "Nodes"],
        ["one kind of Flux", "/helmreleases", "HelmRelease objects"],
        ["events", "/events", "Events of pods"],
    ])("loses only what comes from %s", async (_, path, named) => {
        const objects = [git(), ...stuckPull("a", "ghcr.io/a/b:1", TLS_TIMEOUT), pod("b", { image: "quay.io/a/b:1" })];
        const diagnosis = await diagnose(clusterOf(objects, [path]));
        expect(diagnosis.blocking).toBe(true);
        expect(diagnosis.notLookedAt.join()).toContain(named);
        expect(diagnosisText(diagnosis)).toContain(`Not looked at: ${named}`);
    });

    it("who may get a node but not list all is told of that node", async () => {
        const gone = node("worker1", condition("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."));
        const api = clusterOf([pod("a"), gone], ["/nodes$"]);
        expect((await diagnose(api)).unreadyNodes).toMatchObject([{ object: "Node/worker1" }]);
    });

    it("is told under the node that its facts may not be read", async () => {
        const diagnosis = await diagnose(clusterOf(stuckPull("a", "ghcr.io/a/b:1", TLS_TIMEOUT), ["/nodes"]));
        expect(diagnosis.conclusion.culprit).toBe("network");
        expect(diagnosis.nodes).toMatchObject([
            { node: "worker1", conditions: ["the node object may not be read (403)"] },
        ]);
    });

    it("is not told that nothing blocks where something was not looked at", async () => {
        const { conclusion } = await diagnose(clusterOf([git()], ["/pods"]));
        expect(conclusion.sentence).toMatch(/^Nothing that could be looked at blocks/);
    });

    it("gets an error where nothing may be read at all", async () => {
        await expect(diagnose(clusterOf([git()], ["/"]))).rejects.toThrow(ApiFailure);
    });
});
