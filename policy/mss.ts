import type { StackValidationPolicy } from "@pulumi/policy";
import { type BytesPerFamily, FAMILY_NAMES, IP_FAMILIES } from "../network/family.ts";
import { HEADER_BYTES, packetForMss } from "../network/mss.ts";
import { clampedMss, readClamp } from "../network/readClamp.ts";
import { measuredPath } from "./nodeMtu.ts";
import { resourcesOf, separately } from "./stack.ts";

/**
 * The clamp lets no packet pass that the path does not carry. A GatewayPath says what it clamps to; of a table that
 * belongs to none, the text says it.
 */
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
        const paths = resourcesOf(resources, "clearpath:index:GatewayPath");
        const alone = resourcesOf(resources, "clearpath:host:NftTable").filter(
            ({ parent }) => !paths.some(({ urn }) => urn === parent),
        );
        const clamps = [
            ...paths.map(({ name, urn, props }) => ({ name, urn, clampedTo: () => props.mss })),
            ...alone.map(({ name, urn, props }) => ({ name, urn, clampedTo: () => clampedIn(props.content) })),
        ];
        separately(clamps, ({ name, urn, clampedTo }) => {
            const clamped = clampedTo();
            if (IP_FAMILIES.every(family => clamped[family] === null)) return;
            const path = measuredPath(resources);
            for (const family of IP_FAMILIES) {
                const [mss, carried] = [clamped[family], path[family]];
                if (mss === null || carried === null || packetForMss(mss, family) <= carried - margin) continue;
                const kept = margin === 0 ? "" : ` less ${margin} to keep free`;
                report(
                    `${name} clamps ${FAMILY_NAMES[family]} to an MSS of ${mss}, which makes packets of ${packetForMss(mss, family)} bytes. The path was measured to carry ${carried}${kept}, so full segments are lost and TLS handshakes hang. Set mss to ${carried - margin - HEADER_BYTES[family]} or less for ${FAMILY_NAMES[family]}, or to auto.`,
                    urn,
                );
            }
        });
    },
};

function clampedIn(content: string): BytesPerFamily {
    const clamp = readClamp(content);
    return { ipv4: clampedMss(clamp, "ipv4"), ipv6: clampedMss(clamp, "ipv6") };
}
