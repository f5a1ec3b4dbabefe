/** Images that something in the cluster needs together, under a name. */
export interface ImageGroup {
    /** Name to choose it by, e.g. `flux`. */
    name: string;
    /** What needs them, with the release that the versions belong to. */
    description: string;
    /** Full references with registry and tag. */
    images: readonly string[];
}

/**
 * What a cluster of the plan pulls while it comes up, in the order in which it needs it: a cache that is warmed group by
 * group has what the next stage waits for. Versions are those that the named releases install; a cluster of other
 * releases gives images of its own.
 */
export const IMAGE_GROUPS = [
    {
        name: "k3s",
        description: "K3s v1.33.3: what its servers and agents start with",
        images: [
            "docker.io/rancher/mirrored-pause:3.6",
            "docker.io/rancher/mirrored-coredns-coredns:1.12.1",
            "docker.io/rancher/klipper-helm:v0.9.8-build20250709",
            "docker.io/rancher/klipper-lb:v0.4.13",
            "docker.io/rancher/local-path-provisioner:v0.0.31",
            "docker.io/rancher/mirrored-metrics-server:v0.7.2",
            "docker.io/rancher/mirrored-library-busybox:1.36.1",
            "docker.io/rancher/mirrored-library-traefik:3.3.6",
        ],
    },
    {
        name: "kube-vip",
        description: "kube-vip v0.9.2: the servers' shared address",
        images: ["ghcr.io/kube-vip/kube-vip:v0.9.2", "ghcr.io/kube-vip/kube-vip-cloud-provider:v0.0.12"],
    },
    {
        name: "flux",
        description: "Flux v2.6.4: its controllers",
        images: [
            "ghcr.io/fluxcd/source-controller:v1.6.2",
            "ghcr.io/fluxcd/kustomize-controller:v1.6.1",
            "ghcr.io/fluxcd/helm-controller:v1.3.0",
            "ghcr.io/fluxcd/notification-controller:v1.6.0",
            "ghcr.io/fluxcd/image-reflector-controller:v0.35.2",
            "ghcr.io/fluxcd/image-automation-controller:v0.41.2",
        ],
    },
    {
        name: "external-secrets",
        description: "External Secrets v0.18.2, under the name that its chart uses",
        images: ["oci.external-secrets.io/external-secrets/external-secrets:v0.18.2"],
    },
    {
        name: "tailscale",
        description: "Tailscale v1.84.3: operator and proxies",
        images: ["docker.io/tailscale/k8s-operator:v1.84.3", "docker.io/tailscale/tailscale:v1.84.3"],
    },
    {
        name: "rancher",
        description: "Rancher v2.12.3, and what it installs beside itself",
        images: [
            "docker.io/rancher/rancher:v2.12.3",
            "docker.io/rancher/rancher-agent:v2.12.3",
            "docker.io/rancher/rancher-webhook:v0.8.3",
            "docker.io/rancher/shell:v0.5.0",
            "docker.io/rancher/fleet:v0.13.4",
            "docker.io/rancher/fleet-agent:v0.13.4",
            "docker.io/rancher/system-upgrade-controller:v0.16.3",
            "docker.io/rancher/mirrored-cluster-api-controller:v1.10.2",
            "docker.io/rancher/kubectl:v1.33.1",
        ],
    },
    {
        name: "traefik",
        description: "Traefik v3.4.4, where it is installed beside or instead of K3s's own",
        images: ["docker.io/library/traefik:v3.4.4"],
    },
    {
        name: "cert-manager",
        description: "cert-manager v1.18.2",
        images: [
            "quay.io/jetstack/cert-manager-controller:v1.18.2",
            "quay.io/jetstack/cert-manager-webhook:v1.18.2",
            "quay.io/jetstack/cert-manager-cainjector:v1.18.2",
            "quay.io/jetstack/cert-manager-acmesolver:v1.18.2",
            "quay.io/jetstack/cert-manager-startupapicheck:v1.18.2",
        ],
    },
    {
        name: "observability",
        description: "kube-prometheus-stack with Prometheus operator v0.83.0",
        images: [
            "quay.io/prometheus-operator/prometheus-operator:v0.83.0",
            "quay.io/prometheus-operator/prometheus-config-reloader:v0.83.0",
            "quay.io/prometheus/prometheus:v3.4.2",
            "quay.io/prometheus/alertmanager:v0.28.1",
            "quay.io/prometheus/node-exporter:v1.9.1",
            "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.16.0",
            "docker.io/grafana/grafana:12.0.2",
            "quay.io/kiwigrid/k8s-sidecar:1.30.3",
            "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.0",
        ],
    },
    {
        name: "nfs",
        description: "csi-driver-nfs v4.11.0 with its sidecars, and the helpers of charts and tests",
        images: [
            "registry.k8s.io/sig-storage/nfsplugin:v4.11.0",
            "registry.k8s.io/sig-storage/csi-provisioner:v5.2.0",
            "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0",
            "registry.k8s.io/sig-storage/livenessprobe:v2.15.0",
            "registry.k8s.io/sig-storage/csi-resizer:v1.13.1",
            "registry.k8s.io/sig-storage/csi-snapshotter:v8.2.0",
            "registry.k8s.io/pause:3.10",
            "docker.io/library/busybox:1.37.0",
        ],
    },
] as const satisfies readonly ImageGroup[];

export type ImageGroupName = (typeof IMAGE_GROUPS)[number]["name"];

/** Names of all groups, in the order of their priority. */
export const IMAGE_GROUP_NAMES = IMAGE_GROUPS.map(({ name }) => name) as [ImageGroupName, ...ImageGroupName[]];

/** The images of the named groups, each once, by priority and not by the order of the names. */
export function imagesOfGroups(names: readonly ImageGroupName[]): string[] {
    const chosen: readonly ImageGroup[] = IMAGE_GROUPS.filter(({ name }) => names.includes(name));
    return [...new Set(chosen.flatMap(({ images }) => images))];
}
