import type { StackValidationPolicy } from "@pulumi/policy";
import { IP_FAMILIES } from "../network/family.ts";
import { HEADER_BYTES, packetForMss } from "../network/mss.ts";
import { clampedMss, readClamp } from "../network/readClamp.ts";
import { measuredPath } from "./nodeMtu.ts";
import { resourcesOf, separately } from "./stack.ts";

const NAMES = { ipv4: "IPv4", ipv6: "IPv6" };

/** The clamp lets no packet pass that the path does not carry. */
export const mssFitsPath: StackValidationPolicy = {
    name: "mss-fits-path",
    description: "The MSS that connections are clamped to fits the measured path MTU.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            margin: {
                type: "integer",
                minimum: 0,
                default: 0,
                description: "Bytes that must stay free below the path MTU, e.g. for a tunnel that comes and goes.",
            },
        },
    },
    validateStack: ({ resources, getConfig }, report) => {
        const { margin } = getConfig<{ margin: number }>();
        separately(resourcesOf(resources, "clearpath:host:NftTable"), ({ name, urn, props }) => {
            const clamp = readClamp(props.content);
            if (clamp.rules.length === 0) return;
            const path = measuredPath(resources);
            for (const family of IP_FAMILIES) {
                const [mss, carried] = [clampedMss(clamp, family), path[family]];
                if (mss === null || carried === null || packetForMss(mss, family) <= carried - margin) continue;
                const kept = margin === 0 ? "" : ` less ${margin} to keep free`;
                report(
                    `${name} clamps ${NAMES[family]} to an MSS of ${mss}, which makes packets of ${packetForMss(mss, family)} bytes. The path was measured to carry ${carried}${kept}, so full segments are lost and TLS handshakes hang. Set mss to ${carried - margin - HEADER_BYTES[family]} or less for ${NAMES[family]}, or to auto.`,
                    urn,
                );
            }
        });
    },
};
