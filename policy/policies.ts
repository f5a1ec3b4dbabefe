import type { Policies } from "@pulumi/policy";
import { cacheHoldsImages, cacheOutsideCluster } from "./cache.ts";
import { clampCoversNodes } from "./clamp.ts";
import { fluxLint } from "./fluxLint.ts";
import { hostKeyPinned } from "./hostKey.ts";
import { icmpFragNeededPasses } from "./icmp.ts";
import { mssFitsPath } from "./mss.ts";
import { nodeMtuSafe } from "./nodeMtu.ts";
import { apiReachable, noTlsTimeouts, probesFresh, pullsSucceed } from "./probes.ts";
import { registryTlsVerified, upstreamFallbackKept } from "./registries.ts";

/** The pack's rules: what may be changed, then what the probes must show after it. */
export const policies: Policies = [
    nodeMtuSafe,
    mssFitsPath,
    clampCoversNodes,
    icmpFragNeededPasses,
    hostKeyPinned,
    upstreamFallbackKept,
    registryTlsVerified,
    cacheOutsideCluster,
    cacheHoldsImages,
    fluxLint,
    probesFresh,
    noTlsTimeouts,
    pullsSucceed,
    apiReachable,
];
