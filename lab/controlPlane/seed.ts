import type { ControlPlane } from "./controlPlane.ts";

/** What the API server keeps in etcd is written there as it would: 25,000 requests would take a minute. */

/** etcd's own bound on the operations of one transaction. */
const MOST_OPERATIONS = 128;
const REGISTRIES = ["ghcr.io", "quay.io", "registry.k8s.io", "docker.io"];

export interface SeedSize {
    pods: number;
    events: number;
    /** Pods that wait for an image; each has an event, and the others' events tell of other things. */
    failing: number;
}

/** Fills a cluster with pods and events as a busy one has them. Gives what removes them again. */
export async function seed(
    { etcdUrl }: ControlPlane,
    { pods, events, failing }: SeedSize,
): Promise<() => Promise<void>> {
    const entries: [string, object][] = [];
    for (let index = 0; index < pods; index++)
        entries.push([`/registry/pods/large/pod-${index}`, pod(index, index < failing)]);
    for (let index = 0; index < events; index++)
        entries.push([`/registry/events/large/pod-${index}`, event(index, index < failing)]);
    for (let index = 0; index < entries.length; index += MOST_OPERATIONS) {
        const success = entries.slice(index, index + MOST_OPERATIONS).map(([key, value]) => ({
            request_put: { key: base64(key), value: base64(JSON.stringify(value)) },
        }));
        await ask(etcdUrl, "txn", { success });
    }
    return async () => {
        for (const prefix of ["/registry/pods/large/", "/registry/events/large/"])
            await ask(etcdUrl, "deleterange", { key: base64(prefix), range_end: base64(after(prefix)) });
    };
}

async function ask(etcdUrl: string, what: string, body: object): Promise<void> {
    const response = await fetch(`${etcdUrl}/v3/kv/${what}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd refused to ${what}: ${await response.text()}`);
}

function base64(text: string): string {
    return Buffer.from(text).toString("base64");
}

/** End of the range of all keys with that prefix. */
function after(prefix: string): string {
    return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function metadata(name: string, index: number): object {
    return {
        namespace: "large",
        name,
        uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
        creationTimestamp: "2026-01-31T11:00:00Z",
    };
}

function imageOf(index: number): string {
    return `${REGISTRIES[index % REGISTRIES.length]}/team/service:1.0`;
}

/** A pod of some 4 KB, as they are with probes, volumes, environment and managed fields. */
function pod(index: number, isFailing: boolean): object {
    const name = `pod-${index}`;
    const image = isFailing ? imageOf(index) : `ghcr.io/team/running:${index % 50}`;
    const env = Array.from({ length: 12 }, (_, at) => ({ name: `SETTING_${at}`, value: `a value of ${name}, ${at}` }));
    const probe = { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, periodSeconds: 10, timeoutSeconds: 1 };
    const volumeMounts = Array.from({ length: 4 }, (_, at) => ({ name: `volume-${at}`, mountPath: `/mnt/${at}` }));
    const state = isFailing
        ? { waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` } }
        : { running: { startedAt: "2026-01-31T11:00:05Z" } };
    const fieldsV1 = Object.fromEntries(env.map(one => [`f:${one.name}`, { ".": {}, "f:name": {}, "f:value": {} }]));
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
            ...metadata(name, index),
            labels: { "app.kubernetes.io/name": "service", "pod-template-hash": "7d9c" },
            managedFields: [
                { manager: "kubelet", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1 },
            ],
        },
        spec: {
            nodeName: `worker${index % 4}`,
            containers: [{ name: "main", image, env, volumeMounts, livenessProbe: probe, readinessProbe: probe }],
            volumes: volumeMounts.map(one => ({ name: one.name, emptyDir: {} })),
            tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" }],
        },
        status: {
            phase: isFailing ? "Pending" : "Running",
            conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(type => ({
                type,
                status: "True",
                lastTransitionTime: "2026-01-31T11:00:05Z",
            })),
            containerStatuses: [{ name: "main", image, imageID: "", ready: !isFailing, restartCount: 0, state }],
        },
    };
}

/** An event of the kubelet about a pull. */
function event(index: number, isFailing: boolean): object {
    const image = imageOf(index);
    return {
        apiVersion: "v1",
        kind: "Event",
        metadata: metadata(`pod-${index}`, 100_000 + index),
        involvedObject: { kind: "Pod", namespace: "large", name: `pod-${index}` },
        type: isFailing ? "Warning" : "Normal",
        reason: isFailing ? "Failed" : "Pulled",
        message: isFailing
            ? `Failed to pull image "${image}": failed to do request: net/http: TLS handshake timeout`
            : `Successfully pulled image "${image}" in 1.2s (1.2s including waiting). Image size: 31337 bytes.`,
        count: 1,
        firstTimestamp: "2026-01-31T11:00:05Z",
        lastTimestamp: "2026-01-31T11:00:05Z",
        source: { component: "kubelet", host: `worker${index % 4}` },
    };
}
