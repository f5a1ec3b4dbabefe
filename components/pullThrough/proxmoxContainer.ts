import { createRequire } from "node:module";
import type { ContainerLegacy } from "@muhlba91/pulumi-proxmoxve/containerLegacy.js";
import * as pulumi from "@pulumi/pulumi";
import type { ArgsOf } from "../../provider/resourceClass.ts";
import { withDefaults } from "../arguments.ts";
import { ContainerSettings } from "../config/cacheConfig.ts";

/** A container on a Proxmox host, for a cache. */
export type ContainerArgs = ArgsOf<typeof ContainerSettings>;

/**
 * Makes an unprivileged container with a fixed address. It may nest namespaces, which systemd needs for units with a
 * user and a file system of their own.
 */
export function cacheContainer(
    name: string,
    given: ContainerArgs,
    address: string,
    opts: pulumi.CustomResourceOptions,
): ContainerLegacy {
    // Its package takes long to load, and most programs make no container.
    const { ContainerLegacy: Container } = createRequire(import.meta.url)(
        "@muhlba91/pulumi-proxmoxve/containerLegacy.js",
    ) as typeof import("@muhlba91/pulumi-proxmoxve/containerLegacy.js");
    const args = withDefaults(ContainerSettings, given);
    const subnet = { address: pulumi.interpolate`${address}/${args.prefixLength}`, gateway: args.gateway };
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
            cpu: { cores: args.cores },
            memory: { dedicated: args.memoryMiB, swap: 512 },
            disk: { datastoreId: args.datastore, size: args.diskGiB },
            networkInterfaces: [{ name: "eth0", bridge: args.bridge, vlanId: args.vlanId, mtu: args.mtu }],
            initialization: {
                hostname: args.hostname,
                ipConfigs: [address.includes(":") ? { ipv6: subnet } : { ipv4: subnet }],
                ...(args.dns && { dns: { servers: args.dns } }),
                userAccount: { keys: args.sshKeys },
            },
        },
        opts,
    );
}
