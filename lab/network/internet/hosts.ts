import type { InternetHost } from "../topology.ts";

/** A registry of the lab's internet: the host that clients talk to, and the docker-registry behind it. */
export interface RegistryHost {
    /** Port on the internet's loopback where its docker-registry listens. */
    port: number;
    /** Token service that clients are sent to; left out where anyone may read without a token. */
    token?: { host: InternetHost; path: string; service: string };
    /** Host that blobs are redirected to; left out where the registry serves them itself. */
    blobs?: InternetHost;
}

/** Registries, with the token services and blob hosts that the real ones have. */
export const REGISTRIES: Partial<Record<InternetHost, RegistryHost>> = {
    "ghcr.io": {
        port: 5001,
        token: { host: "ghcr.io", path: "/token", service: "ghcr.io" },
        blobs: "pkg-containers.githubusercontent.com",
    },
    "registry-1.docker.io": {
        port: 5002,
        token: { host: "auth.docker.io", path: "/token", service: "registry.docker.io" },
        blobs: "production.cloudflare.docker.com",
    },
    "quay.io": {
        port: 5003,
        token: { host: "quay.io", path: "/v2/auth", service: "quay.io" },
        blobs: "cdn01.quay.io",
    },
    "europe-west3-docker.pkg.dev": { port: 5004 },
};

/** Where a host sends its clients. */
export interface Redirect {
    host: InternetHost;
    /** Put before the repository's name. */
    prefix: string;
    /** Whether it answers /v2/ itself, so that clients do not ask for a token. */
    answersPing: boolean;
}

/** Hosts that hold nothing and send clients on. */
export const REDIRECTS: Partial<Record<InternetHost, Redirect>> = {
    // Source: handlers.go of github.com/kubernetes/registry.k8s.io.
    "registry.k8s.io": { host: "europe-west3-docker.pkg.dev", prefix: "k8s-artifacts-prod/images/", answersPing: true },
    "oci.external-secrets.io": { host: "ghcr.io", prefix: "", answersPing: false },
};

/** The host of an image reference, as containerd resolves it. */
function hostOfReference(domain: string): string {
    return domain === "docker.io" ? "registry-1.docker.io" : domain;
}

/** Where an image is kept: the registry it is served from in the end, and its repository there. */
export function homeOfImage(reference: string): { registry: InternetHost; repository: string; tag: string } {
    const [, domain, path, tag] = /^([^/]+)\/([^:@]+):([^:@/]+)$/.exec(reference) ?? [];
    if (!domain || !path || !tag) throw new Error(`"${reference}" is no image reference of the form host/path:tag.`);
    const host = hostOfReference(domain) as InternetHost;
    const redirect = REDIRECTS[host];
    const registry = redirect?.host ?? host;
    if (!REGISTRIES[registry]) throw new Error(`The lab has no registry for "${reference}".`);
    return { registry, repository: `${redirect?.prefix ?? ""}${path}`, tag };
}
