import { createHash } from "node:crypto";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { agentTask } from "../network/probe/messages.ts";
import { PLAN_KEY, PROBE_LABEL } from "../network/probe/objects.ts";
import { ProbePlan } from "../network/probe/plan.ts";
import { AGENT_COMMAND, agentInput } from "../provider/probe/program.ts";

/** Where the agent's input is mounted, and its key in the ConfigMap. */
const DIRECTORY = "/clearpath";
const INPUT = "input";

export interface ClusterProbeArgs {
    /** What is called, how often, and for how long. Images are fetched by the agent: a pod has no container runtime. */
    plan: z.input<typeof ProbePlan>;
    /** Namespace to run in. Default: one of the probe's own, which enforces the restricted pod security standard. */
    namespace?: pulumi.Input<string>;
    /** `once`: a Job, again with every change of plan or triggers. `always`: a DaemonSet, on every node. Default: `once`. */
    run?: "once" | "always";
    /** Pods of the Job, each on a node of its own as far as there are that many. Default: 1. */
    pods?: number;
    /** Pause between two runs of the DaemonSet, in seconds. Default: 900. */
    pauseSeconds?: number;
    /** Image with Python 3.9 or later. Pin it by digest, and let the cluster's mirrors hold it. */
    image?: pulumi.Input<string>;
    /** Values whose change makes the Job run again, e.g. `appliedAt` of the resources that it should prove. */
    triggers?: pulumi.Input<string>[];
}

/** Probes the way out from pods, which is where External Secrets calls from, and as far as no SSH session reaches. */
export class ClusterProbe extends pulumi.ComponentResource {
    public readonly namespace: pulumi.Output<string>;
    /** Name of the Job or DaemonSet. */
    public readonly workload: pulumi.Output<string>;

    constructor(name: string, args: ClusterProbeArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("clearpath:index:ClusterProbe", name, {}, opts);
        const { run = "once", pods = 1, pauseSeconds = 900, image = "docker.io/library/python:3.13-alpine" } = args;
        const plan = ProbePlan.parse(args.plan);
        const labels = { [PROBE_LABEL]: name };

        this.namespace = args.namespace
            ? pulumi.output(args.namespace)
            : new kubernetes.core.v1.Namespace(
                  `${name}-namespace`,
                  { metadata: { name, labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" } } },
                  { parent: this },
              ).metadata.name;
        const input = new kubernetes.core.v1.ConfigMap(
            `${name}-input`,
            {
                metadata: { name, namespace: this.namespace, labels },
                data: { [INPUT]: agentInput(agentTask(plan, true)), [PLAN_KEY]: JSON.stringify(plan) },
            },
            { parent: this },
        );
        // Kubernetes restarts no pod when only the ConfigMap changes, so its digest is part of the template.
        const because = pulumi.all([input.data, pulumi.all(args.triggers ?? [])]).apply(parts => ({
            "clearpath/because": createHash("sha256").update(JSON.stringify(parts)).digest("hex"),
        }));
        const template = (command: string, restartPolicy: "Never" | "Always") => ({
            metadata: { labels, annotations: because },
            spec: podSpec(image, input.metadata.name, command, restartPolicy, labels),
        });
        const metadata = { name, namespace: this.namespace, labels };
        const once = `${AGENT_COMMAND} < ${DIRECTORY}/${INPUT}`;
        const workload =
            run === "once"
                ? new kubernetes.batch.v1.Job(
                      `${name}-job`,
                      {
                          metadata,
                          spec: {
                              parallelism: pods,
                              completions: pods,
                              // A probe that failed is evidence; running it until it succeeds would hide that.
                              backoffLimit: 0,
                              template: template(once, "Never"),
                          },
                      },
                      { parent: this, deleteBeforeReplace: true, replaceOnChanges: ["spec.template"] },
                  )
                : new kubernetes.apps.v1.DaemonSet(
                      `${name}-daemonset`,
                      {
                          metadata,
                          spec: {
                              selector: { matchLabels: labels },
                              template: template(`while :; do (${once}); sleep ${pauseSeconds}; done`, "Always"),
                          },
                      },
                      { parent: this },
                  );
        this.workload = workload.metadata.name;

        this.registerOutputs({ namespace: this.namespace, workload: this.workload });
    }
}

/** What the restricted pod security standard asks for, and nothing that a probe does not need. */
function podSpec(
    image: pulumi.Input<string>,
    configMap: pulumi.Input<string>,
    command: string,
    restartPolicy: "Never" | "Always",
    labels: Record<string, string>,
) {
    return {
        restartPolicy,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 5,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            runAsGroup: 65534,
            seccompProfile: { type: "RuntimeDefault" },
        },
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: labels },
            },
        ],
        containers: [
            {
                name: "probe",
                image,
                command: ["/bin/sh", "-c", command],
                securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                },
                resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
                volumeMounts: [{ name: "input", mountPath: DIRECTORY, readOnly: true }],
            },
        ],
        volumes: [{ name: "input", configMap: { name: configMap } }],
    };
}
