import type { FailureCause } from "./failureCause.ts";

const ADVICE: Partial<Record<FailureCause, string>> = {
    "rate-limit": "Log in to the registry, or pull through a cache: K3sRegistries and PullThroughRegistry do both.",
    auth: "Check the pull secret, and that the image exists: registries do not tell strangers which images they hold.",
    "not-found": "Compare the image's name and tag with what the registry holds.",
    upstream: "Wait for the registry, or pull through a cache that holds the image.",
    signature: "Sign the image, or change the node's policy on signatures.",
    protocol:
        "Compare the endpoint's scheme and port with what the server speaks: `http://` in registries.yaml for a plain one. Where a public registry is meant, a proxy or login page answers in its place.",
    "no-space": "Free space on the node: `k3s crictl rmi --prune`.",
    disk: "Look at the node's kernel log (`journalctl -k`): its disk or filesystem fails.",
    limits: "Look at the limits of the node and its kubelet: open files, memory, ports, `registryPullQPS`.",
    runtime:
        "Look at the container runtime on the node: `systemctl status k3s` and /var/lib/rancher/k3s/agent/containerd/containerd.log.",
    firewall: "Look at the node's own firewall rules for outgoing traffic: `nft list ruleset`.",
    "pod-network":
        "Look at the network plugin on the node: its pods, /etc/cni/net.d and, with flannel, /run/flannel/subnet.env.",
    platform: "Choose an image that is built for the node's architecture.",
    "invalid-name": "Correct the image's name.",
    "never-pulled": "Import the image on the node, or change imagePullPolicy.",
    other: "Read the last message. Run `clearpath probe --stack NAME` to see whether the network carries requests.",
};

/** What to do about a cause, as sentences. `message` tells which kind of certificate failure it is. */
export function adviceOn(cause: FailureCause, message: string): string[] {
    if (cause === "certificate") return [certificateAdvice(message)];
    return ADVICE[cause] === undefined ? [] : [ADVICE[cause]];
}

/** Go's crypto/x509 tells the kinds apart in its words (CertificateInvalidError, HostnameError, UnknownAuthorityError). */
function certificateAdvice(message: string): string {
    const text = message.slice(0, 8192);
    if (
        /current time \S{1,40} is before/i.test(text) ||
        (/not yet valid(?!: current time \S{1,40} is after)/i.test(text) && !/expired/i.test(text))
    )
        return "Compare the node's clock with the true time (`timedatectl`): it is behind, or the certificate is not valid yet.";
    if (/expired|current time \S{1,40} is after/i.test(text))
        return "Renew the server's certificate: it has expired. If it has not, the node's clock is ahead (`timedatectl`).";
    if (
        /not valid for any names|certificate is valid for|cannot validate certificate for|doesn't contain any IP SANs|not .{1,253}$/i.test(
            text,
        ) &&
        /valid for|IP SANs/i.test(text)
    )
        return "Find out who answers under that name: another server, a proxy, or an ingress with its default certificate. Compare the address that the node resolves with the true one.";
    if (/bad certificate|certificate required|revoked/i.test(text))
        return "Check the client certificate that the node presents to this server: `configs.*.tls` of K3sRegistries.";
    return "Give the node the authority that signs the server's certificate: `certificateAuthorities` of K3sRegistries. For a public registry, something on the way replaces its certificate.";
}
