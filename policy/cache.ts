import type { StackValidationPolicy } from "@pulumi/policy";
import { ifKnown, resourcesOf, separately } from "./stack.ts";

/** A cluster cannot pull the images that it starts with from a cache which it has to start first. */
export const cacheOutsideCluster: StackValidationPolicy = {
    name: "cache-outside-cluster",
    description: "The cache that a cluster comes up from runs outside of it.",
    enforcementLevel: "advisory",
    validateStack: ({ resources, notApplicable }, report) => {
        const caches = resourcesOf(resources, "clearpath:index:PullThroughRegistry");
        if (caches.length === 0) return notApplicable("There is no cache in this stack.");
        const fuses = resourcesOf(resources, "clearpath:index:MirrorFuse");
        separately(caches, ({ name, urn, props: { placement, address } }) => {
            if (placement === "cluster") {
                report(
                    `${name} runs in a Kubernetes cluster. While the cluster is rebuilt, or restarts as a whole, this cache does not run, and the nodes pull every image from the upstreams, the cache's own image first. Use placement host or lxc for the images that the cluster starts with; keep this cache for the other images.`,
                    urn,
                );
                return;
            }
            const addresses = fuses.map(fuse => ifKnown(() => fuse.props.nodeAddresses) ?? {});
            const node = addresses.flatMap(Object.entries).find(([, host]) => host === address)?.[0];
            if (node === undefined) return;
            report(
                `${name} runs at ${address}, which is ${node}, a node of the cluster. When that node is rebuilt the others lose their cache with it. Put the cache on a host of its own, or into a container on the Proxmox host.`,
                urn,
            );
        });
    },
};

/** A cache that is to carry a cluster through a cut holds what the cluster needs. */
export const cacheHoldsImages: StackValidationPolicy = {
    name: "cache-holds-images",
    description: "The cache holds every image of its list.",
    enforcementLevel: "advisory",
    validateStack: ({ resources, notApplicable }, report) => {
        const warmed = resourcesOf(resources, "clearpath:cache:WarmImages");
        if (warmed.length === 0) return notApplicable("No list of images is pulled through a cache in this stack.");
        separately(warmed, ({ name, urn, props: { held, missing } }) => {
            const [first] = missing;
            if (first === undefined) return;
            report(
                `${name}: the cache holds ${held.length} of ${held.length + missing.length} images. ${first.image} is not among them: ${first.reason}. A node that needs it while the way out is cut does not start it. Run up again, or take it off the list.`,
                urn,
            );
        });
    },
};
