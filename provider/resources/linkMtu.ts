import { z } from "zod";
import { appliedAt, hostInputs, hostOutputs } from "../resource.ts";
import { resourceClass } from "../resourceClass.ts";

const inputs = z.strictObject({
    ...hostInputs,
    link: z
        .string()
        .regex(/^[^\s/:]{1,15}$/, "must be the name of a network link, such as eth0 or vmbr1")
        .describe("Name of the network link, as `ip link` shows it."),
    mtu: z
        .int()
        .min(68)
        .max(65535)
        .describe("Largest packet of the link, in bytes. IPv6 stops below 1280 (RFC 8200), IPv4 below 68 (RFC 791)."),
    confirmSeconds: z
        .int()
        .min(5)
        .max(600)
        .default(30)
        .describe("How long the host waits for a new connection to confirm the change before it takes it back."),
});

/** What configures a link at boot. */
export const LinkManager = z.enum(["netplan", "networkd", "ifupdown2", "ifupdown", "networkmanager"]);
export type LinkManager = z.infer<typeof LinkManager>;

const outputs = z.object({
    ...hostOutputs,
    appliedAt,
    foundMtu: z.int().describe("MTU of the link before, in bytes: it is put back on delete."),
    manager: LinkManager.describe("What configures the link at boot, and so what the MTU was written for."),
    bridge: z
        .object({ name: z.string(), mtu: z.int() })
        .nullable()
        .describe("The bridge that the link is a port of, and its MTU; null when it is none."),
    alreadyRight: z
        .boolean()
        .describe("Whether the MTU was right by someone else's hand: it is then left alone, on delete too."),
});

export const linkMtu = {
    token: "clearpath:host:LinkMtu",
    description:
        "A network link's MTU, live and at boot, through whichever of netplan, systemd-networkd, ifupdown, ifupdown2 or NetworkManager configures that link.",
    inputs,
    outputs,
    replaceOn: ["link"],
    ignoreInDiff: ["confirmSeconds"],
    stableOutputs: ["machineId", "ownerId", "foundMtu", "manager"],
} as const;

/** A network link's MTU, live and at boot, through whatever configures that link. */
export class LinkMtu extends resourceClass(linkMtu) {}
