import { createRequire } from "node:module";
import type { ContainerLegacy } from "@muhlba91/pulumi-proxmoxve/containerLegacy.js";
import type * as pulumi from "@pulumi/pulumi";

/** A container on a Proxmox host, for a cache. */
export interface ContainerArgs {
    /** Proxmox node that it runs on. */
    nodeName: pulumi.Input<string>;
    /** Number of the container. Default: the next free one. */
    vmId?: pulumi.Input<number>;
    hostname?: pulumi.Input<string>;
    /** Template of Debian 12 or later, e.g. `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`. */
    template: pulumi.Input<string>;
    /** Storage of the root disk. Default: local-lvm. */
    datastore?: pulumi.Input<string>;
    /** Size of the root disk, in GiB: the cache's limit and some 4 more. Default: 60. */
    diskGiB?: pulumi.Input<number>;
    /** Default: 2. */
    cores?: pulumi.Input<number>;
    /** Default: 2048. */
    memoryMiB?: pulumi.Input<number>;
    /** Bridge of the nodes. Default: vmbr1. */
    bridge?: pulumi.Input<string>;
    vlanId?: pulumi.Input<number>;
    /** MTU of its link, in bytes. Default: the bridge's. */
    mtu?: pulumi.Input<number>;
    /** Length of the subnet's prefix. Default: 24. */
    prefixLength?: number;
    /** Gateway of the nodes' subnet. */
    gateway: pulumi.Input<string>;
    /** Resolvers. Default: the Proxmox host's. */
    dns?: pulumi.Input<pulumi.Input<string>[]>;
    /** Public SSH keys that may log in as root. */
    sshKeys: pulumi.Input<pulumi.Input<string>[]>;
}

const DEFAULT_NAME = "clearpath-cache";

/**
 * Makes an unprivileged container with a fixed address. It may nest namespaces, which systemd needs for units with a
 * user and a file system of their own.
 */
export function cacheContainer(
    name: string,
    args: ContainerArgs,
    address: string,
    opts: pulumi.CustomResourceOptions,
): ContainerLegacy {
    // Its package takes long to load, and most programs make no container.
    const { ContainerLegacy: Container } = createRequire(import.meta.url)(
        "@muhlba91/pulumi-proxmoxve/containerLegacy.js",
    ) as typeof import("@muhlba91/pulumi-proxmoxve/containerLegacy.js");
    const subnet = { address: `${address}/${args.prefixLength ?? 24}`, gateway: args.gateway };
    return new Container(
        `${name}-container`,
        {
            nodeName: args.nodeName,
            vmId: args.vmId,
            description: "Clearpath's image cache",
            tags: ["clearpath"],
            operatingSystem: { templateFileId: args.template, type: "debian" },
            unprivileged: true,
            features: { nesting: true },
            startOnBoot: true,
            started: true,
            cpu: { cores: args.cores ?? 2 },
            memory: { dedicated: args.memoryMiB ?? 2048, swap: 512 },
            disk: { datastoreId: args.datastore ?? "local-lvm", size: args.diskGiB ?? 60 },
            networkInterfaces: [{ name: "eth0", bridge: args.bridge ?? "vmbr1", vlanId: args.vlanId, mtu: args.mtu }],
            initialization: {
                hostname: args.hostname ?? DEFAULT_NAME,
                ipConfigs: [address.includes(":") ? { ipv6: subnet } : { ipv4: subnet }],
                ...(args.dns && { dns: { servers: args.dns } }),
                userAccount: { keys: args.sshKeys },
            },
        },
        opts,
    );
}
