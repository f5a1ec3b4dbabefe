import { applyStack } from "../applying.ts";
import type { Stage } from "../stage.ts";

/** MSS clamp, ICMP, MTUs, on the hosts as they are. */
export const network: Stage = {
    name: "network",
    title: "Apply the network layer",
    intent: ({ stack, policyPacks }) =>
        `clearpath up --stack ${stack}${policyPacks.map(pack => ` --policy-pack ${pack}`).join("")}`,
    run: context => applyStack(context, { refresh: false, addCache: false }),
};

/** The same on the new hosts, which have nothing of it. */
export const refresh: Stage = {
    name: "refresh",
    title: "Apply everything to the new hosts, before K3s starts",
    intent: ({ stack, policyPacks }) =>
        `clearpath up --refresh --stack ${stack}${policyPacks.map(pack => ` --policy-pack ${pack}`).join("")}`,
    run: context => applyStack(context, { refresh: true, addCache: false }),
};
