import type { FailureKind, MeasuredMtu } from "../probe/report.ts";
import type { Cause, Direction, Scope } from "../verdict/verdict.ts";
import type { Phase } from "./phase.ts";

/** What each cause is, for someone who has never heard its name. */
export const CAUSE_IN_WORDS: Record<Cause, string> = {
    none: "The way out is clear",
    "pmtu-black-hole": "Large packets vanish on the way",
    "mtu-mismatch": "A host sends larger packets than its network carries",
    "packet-loss": "Packets get lost on the way",
    dns: "Names are not resolved reliably",
    "nat-exhaustion": "The gateway runs out of NAT source ports",
    "firewall-block": "A firewall shuts connections out",
    "rate-limit": "A service limits how often it is called",
    upstream: "A service itself does not answer as it should",
    "tls-trust": "A certificate is not trusted",
    unknown: "It is not known yet what is wrong",
};

/** Who is hit, to follow "Hit:". */
export const SCOPE_IN_WORDS: Record<Scope, string> = {
    endpoint: "one endpoint, from everywhere",
    node: "one host",
    "vm-subnet": "the VMs, not the gateway",
    "host-and-vms": "the gateway and the VMs",
};

export const DIRECTION_IN_WORDS: Record<Direction, string> = {
    download: "packets from the internet",
    upload: "packets to the internet",
    both: "packets in both directions",
};

export const PHASE_IN_WORDS: Record<Phase, string> = {
    dns: "Name lookup",
    connect: "TCP connect",
    tls: "TLS handshake",
    answer: "First byte",
};

export const FAILURE_IN_WORDS: Record<FailureKind, string> = {
    dns: "name not resolved",
    refused: "connection refused",
    reset: "connection reset",
    unreachable: "unreachable",
    emsgsize: "packet too large for the host",
    "connect-timeout": "connect timeout",
    "tls-timeout": "TLS handshake timeout",
    "tls-alert": "TLS alert",
    certificate: "certificate not trusted",
    "first-byte-timeout": "no answer",
    "body-timeout": "answer stopped",
    reputation: "403, address refused",
    "rate-limit": "429, rate limit",
    http: "unexpected HTTP status",
    local: "failed on the host itself",
};

/** E.g. `1380 on 6 of 16 flows, larger vanish`, or `at least 1380, the agreed MSS allows no larger`. In bytes. */
export function mtuInWords({ bytes, bound, limitedBy, paths, silent, icmpSeen }: MeasuredMtu): string {
    if (bound === "at-least") {
        const limit = { link: ", all that the host's link carries", peer: ", all that the agreed MSS allows" };
        return `at least ${bytes}${limitedBy ? limit[limitedBy] : ""}`;
    }
    const hit = paths.filter(path => path === bytes).length;
    const share = hit < paths.length ? ` on ${hit} of ${paths.length} flows` : "";
    const fate = silent ? ", larger vanish" : icmpSeen ? ", larger are refused by ICMP" : "";
    return `${bytes}${share}${fate}`;
}

/** `2026-01-31 12:00 UTC` of an ISO 8601 time. */
export function minuteOf(time: string): string {
    return `${time.slice(0, 16).replace("T", " ")} UTC`;
}
