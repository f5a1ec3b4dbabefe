// A cache and the nodes that pull through it, and nothing else: what test/lab/cache.test.ts deploys.
import * as pulumi from "@pulumi/pulumi";
import { K3sRegistries } from "../../../../components/k3sRegistries.ts";
import { MirrorFuse } from "../../../../components/mirrorFuse.ts";
import { PullThroughRegistry } from "../../../../components/pullThroughRegistry.ts";

const config = new pulumi.Config();
const { cacheHost, nodes, images } = config.requireObject<{
    cacheHost: { name: string; connection: { host: string } };
    nodes: { name: string; role: "server" | "agent"; connection: { host: string } }[];
    images: string[];
}>("hosts");

const cache = new PullThroughRegistry("cache", { placement: "host", host: cacheHost, warm: images, sizeLimitGiB: 1 });
const registries = new K3sRegistries(
    "registries",
    { nodes, registries: cache.registries, certificateAuthorities: cache.certificateAuthorities },
    { dependsOn: cache.ready },
);
new MirrorFuse("fuse", { nodes, cache }, { dependsOn: registries.nodes });

export const warmed = cache.warmed;
