import { createRequire } from "node:module";
import type { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import type { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { proxyConfig, twinConfig } from "../../network/pullThrough/registryConfig.ts";
import type { CachedUpstream } from "../../network/pullThrough/upstream.ts";
import type { ServerCertificate } from "../../provider/resources/serverCertificate.ts";
import { type Complete, type WithOutputs, withDefaults } from "../arguments.ts";
import { ClusterCacheSettings } from "../config/cacheConfig.ts";
import type { HostArgs } from "../hosts.ts";

/** A cache in a Kubernetes cluster. */
export type ClusterCacheArgs = WithOutputs<
    z.input<typeof ClusterCacheSettings>,
    "image" | "storageClass" | "memoryMax" | "nodeSelector"
> & {
    /** Host that pulls the list of images through the cache: one that reaches its address. Default: no host pulls it. */
    warmFrom?: HostArgs;
    /** Provider with the cluster's kubeconfig. Default: Pulumi's own. */
    provider?: pulumi.ProviderResource;
};

type Given = ClusterCacheArgs & {
    upstreams: readonly CachedUpstream[];
    credentials: Readonly<Record<string, pulumi.Input<{ username: string; password: string }> | undefined>>;
    tls: ServerCertificate;
};
type Parts = Complete<typeof ClusterCacheSettings, Given>;

const STORAGE = "/var/lib/registry";
/** User and group `nonroot` of distroless images. The pod runs as them, and the volume belongs to them. */
const NONROOT = 65532;

/** Namespace, volume, secret, deployment and service. One pod holds every upstream's proxy and twin. */
export function cacheInCluster(
    name: string,
    given: Given,
    opts: pulumi.CustomResourceOptions,
): { deployment: Deployment; service: Service } {
    const kubernetes = kubernetesClasses();
    const args = withDefaults(ClusterCacheSettings, given);
    const child = { ...opts, provider: args.provider };
    const namespaceName = args.namespace;
    const labels = { "app.kubernetes.io/name": "clearpath-cache", "app.kubernetes.io/instance": name };
    const metadata = { namespace: namespaceName, labels };

    const namespace = new kubernetes.Namespace(
        `${name}-namespace`,
        { metadata: { name: namespaceName, labels } },
        child,
    );
    const inside = { ...child, dependsOn: namespace };
    const volume = new kubernetes.PersistentVolumeClaim(
        `${name}-storage`,
        {
            metadata: { ...metadata, name },
            spec: {
                accessModes: ["ReadWriteOnce"],
                storageClassName: args.storageClass,
                resources: { requests: { storage: `${args.storageGiB}Gi` } },
            },
        },
        inside,
    );
    const instances = args.upstreams.flatMap(upstream => instancesOf(upstream, args));
    const secret = new kubernetes.Secret(
        `${name}-config`,
        {
            metadata: { ...metadata, name },
            stringData: {
                "tls.crt": args.tls.certificate,
                "tls.key": args.tls.privateKey,
                ...Object.fromEntries(instances.map(({ container, config }) => [`${container}.yml`, config])),
            },
        },
        inside,
    );
    const deployment = new kubernetes.Deployment(
        `${name}-deployment`,
        {
            metadata: { ...metadata, name },
            spec: {
                replicas: 1,
                // The volume can be mounted once.
                strategy: { type: "Recreate" },
                selector: { matchLabels: labels },
                template: {
                    // A changed configuration is another secret's version, which a running pod does not read again.
                    metadata: { labels, annotations: { "clearpath/config": secret.metadata.resourceVersion } },
                    spec: {
                        automountServiceAccountToken: false,
                        nodeSelector: args.nodeSelector,
                        securityContext: {
                            runAsNonRoot: true,
                            runAsUser: NONROOT,
                            runAsGroup: NONROOT,
                            fsGroup: NONROOT,
                            seccompProfile: { type: "RuntimeDefault" },
                        },
                        containers: instances.map(instance => containerOf(instance, args)),
                        volumes: [
                            { name: "storage", persistentVolumeClaim: { claimName: volume.metadata.name } },
                            { name: "config", secret: { secretName: secret.metadata.name, defaultMode: 0o440 } },
                        ],
                    },
                },
            },
        },
        inside,
    );
    const isBalanced = args.serviceType === "LoadBalancer";
    const service = new kubernetes.Service(
        `${name}-service`,
        {
            metadata: { ...metadata, name },
            spec: {
                type: args.serviceType,
                ...(isBalanced ? { loadBalancerIP: args.address } : { clusterIP: args.address }),
                selector: labels,
                ports: instances.map(({ container, port }) => ({ name: container, port, targetPort: port })),
            },
        },
        inside,
    );
    return { deployment, service };
}

interface Instance {
    kind: "proxy" | "twin";
    /** Name of its container and its port: a DNS label of at most 15 characters. */
    container: string;
    port: number;
    metricsPort: number;
    config: pulumi.Output<string>;
}

function instancesOf(upstream: CachedUpstream, { credentials, keepFor }: Parts): Instance[] {
    const settings = {
        upstream,
        storage: `${STORAGE}/${upstream.slug}`,
        distribution: 3,
        metricsAddress: "0.0.0.0",
        ttl: keepFor,
    } as const;
    const asked = credentials[upstream.registry];
    const proxy = asked
        ? pulumi.secret(asked).apply(credentials => proxyConfig({ ...settings, credentials }))
        : pulumi.output(proxyConfig(settings));
    const { proxyPort, twinPort, metricsPorts } = upstream;
    return [
        {
            kind: "proxy",
            container: `proxy-${proxyPort}`,
            port: proxyPort,
            metricsPort: metricsPorts.proxy,
            config: proxy,
        },
        {
            kind: "twin",
            container: `twin-${twinPort}`,
            port: twinPort,
            metricsPort: metricsPorts.twin,
            config: pulumi.output(twinConfig(settings)),
        },
    ];
}

function containerOf({ kind, container, port, metricsPort }: Instance, { image, memoryMax }: Parts) {
    const answers = { httpGet: { scheme: "HTTPS", path: "/v2/", port } };
    return {
        name: container,
        image,
        args: ["serve", `/config/${container}.yml`],
        env: [
            { name: "REGISTRY_HTTP_TLS_CERTIFICATE", value: "/config/tls.crt" },
            { name: "REGISTRY_HTTP_TLS_KEY", value: "/config/tls.key" },
            { name: "OTEL_TRACES_EXPORTER", value: "none" },
        ],
        ports: [{ containerPort: port }, { name: `m-${metricsPort}`, containerPort: metricsPort }],
        // A proxy that cannot ask its upstream does not listen, and must not take the twins out of service.
        ...(kind === "twin" && {
            readinessProbe: { ...answers, periodSeconds: 10 },
            livenessProbe: { ...answers, initialDelaySeconds: 30, periodSeconds: 30, failureThreshold: 4 },
        }),
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: memoryMax } },
        securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [
            { name: "storage", mountPath: STORAGE },
            { name: "config", mountPath: "/config", readOnly: true },
        ],
    };
}

/** Their package takes long to load, and most programs put no cache into a cluster. */
function kubernetesClasses() {
    const { apps, core } = createRequire(import.meta.url)("@pulumi/kubernetes") as typeof import("@pulumi/kubernetes");
    const { Deployment } = apps.v1;
    const { Namespace, PersistentVolumeClaim, Secret, Service } = core.v1;
    return { Deployment, Namespace, PersistentVolumeClaim, Secret, Service };
}
