import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiFailure } from "../../cluster/api/apiFailure.ts";
import { collectReports } from "../../cluster/probeLogs/collect.ts";
import { lastRunIn } from "../../cluster/probeLogs/readLog.ts";
import { ClusterProbe, type ClusterProbeArgs } from "../../components/clusterProbe.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { ProbePlan } from "../../network/probe/plan.ts";
import type { VantageReport } from "../../network/probe/report.ts";
import { namespaces, write } from "./objects.ts";

// Nobody listens on port 1, so the agent comes to its end at once, with something to report.
const PLAN = ProbePlan.parse({ endpoints: [{ host: "127.0.0.1", port: 1 }], rounds: 2, pathMtu: false });

interface PodTemplate {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    spec: { containers: { command: string[]; securityContext?: object }[]; securityContext?: object };
}

interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
    data: Record<string, string>;
    spec: { template: PodTemplate };
}

/** The objects that a probe registers, in the order in which they are made. */
async function objectsOf(name: string, args: Partial<ClusterProbeArgs> = {}): Promise<KubernetesObject[]> {
    const made: KubernetesObject[] = [];
    await pulumi.runtime.setMocks({
        newResource: ({ type, inputs }) => {
            if (type.startsWith("kubernetes:")) made.push(inputs as KubernetesObject);
            return { id: inputs.metadata?.name ?? "", state: inputs };
        },
        call: () => ({}),
    });
    const probe = new ClusterProbe(name, { plan: PLAN, ...args });
    await new Promise(resolve => pulumi.all([probe.namespace, probe.workload]).apply(resolve));
    const order = ["Namespace", "ConfigMap", "Job", "DaemonSet"];
    return made.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** A pod as the workload's controller would make it. */
function podOf({ metadata, spec }: KubernetesObject): { metadata: object; spec: PodTemplate["spec"] } {
    const { namespace, name } = metadata;
    const { labels } = spec.template.metadata;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name: `${name}-x1`, labels } };
    return { ...pod, spec: spec.template.spec };
}

let cluster: ControlPlane;

beforeAll(async () => {
    cluster = await startControlPlane();
});

afterAll(() => cluster?.stop());

describe("the objects of a ClusterProbe", () => {
    it.each([
        ["once", "Job"],
        ["always", "DaemonSet"],
    ] as const)(
        "that runs %s are accepted by an API server, its pods under the restricted standard",
        async (run, kind) => {
            const objects = await objectsOf(`probe-${run}`, { run });
            expect(objects.map(one => one.kind)).toEqual(["Namespace", "ConfigMap", kind]);
            for (const object of objects) await write(cluster, object);
            const pod = podOf(objects[2]!);
            await write(cluster, pod);
            const [container] = pod.spec.containers;
            const weaker = { ...pod, spec: { ...pod.spec, containers: [{ ...container, securityContext: {} }] } };
            const refused = write(cluster, { ...weaker, metadata: { ...weaker.metadata, name: "weaker" } });
            await expect(refused).rejects.toThrow(ApiFailure);
            await expect(refused).rejects.toThrow(/violates PodSecurity "restricted/);
        },
    );

    it("make a new pod when plan or triggers change, and only then", async () => {
        const because = async (args: Partial<ClusterProbeArgs>) =>
            (await objectsOf("probe", args)).at(-1)!.spec.template.metadata.annotations["clearpath/because"];
        const first = await because({ triggers: ["a"] });
        expect(await because({ triggers: ["a"] })).toBe(first);
        expect(await because({ triggers: ["b"] })).not.toBe(first);
        expect(await because({ triggers: ["a"], plan: { ...PLAN, rounds: 3 } })).not.toBe(first);
    });
});

/** What the pod's command prints, with the times that the API server puts before the lines of a log. */
async function logOf([, input, job]: KubernetesObject[]): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-pod-"));
    try {
        writeFileSync(join(directory, "input"), input!.data.input!);
        const [shell, flag, command] = job!.spec.template.spec.containers[0]!.command;
        const child = spawn(shell!, [flag!, command!.replace("/clearpath/input", join(directory, "input"))]);
        const lines = (await text(child.stdout)).trim().split("\n");
        return lines.map(line => `2026-01-31T12:00:00.000000001Z ${line}\n`).join("");
    } finally {
        rmSync(directory, { recursive: true });
    }
}

describe("what a pod's agent prints", () => {
    it("is a report as those of other vantage points, from the last run that came to its end", async () => {
        const log = await logOf(await objectsOf("probe"));
        const [begun] = log.split("\n");
        const whole = Readable.from([Buffer.from(`${log}${log}${begun}\nsh: not of the agent\n`)]);
        const run = await lastRunIn("probe-x1 on worker1", PLAN, whole);
        const { report } = run as { report: VantageReport };
        expect(report).toMatchObject({
            vantagePoint: "probe-x1 on worker1",
            role: "pod",
            startedAt: "2026-01-31T12:00:00.000Z",
            complete: true,
        });
        expect(report.endpoints).toMatchObject([
            { endpoint: "127.0.0.1", succeeded: 0, attempts: report.samples.length },
        ]);
        expect(report.endpoints[0]!.failures.refused).toBe(report.samples.length);
    });
});

describe("collecting", () => {
    it("finds the probe by its name, and says which pods have finished no run", async () => {
        await namespaces(cluster, "collected");
        const objects = await objectsOf("to-collect", { namespace: "collected" });
        for (const object of objects) await write(cluster, object);
        await write(cluster, podOf(objects.at(-1)!));
        expect(await collectReports(cluster.api, "to-collect")).toMatchObject({
            plan: PLAN,
            reports: [],
            unprobed: [{ vantagePoint: "to-collect-x1 on no node yet" }],
        });
        expect(await collectReports(cluster.api, "nobody")).toBeUndefined();
    });
});
