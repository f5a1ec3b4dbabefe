import type { VantageReport } from "../../../../network/probe/report.ts";
import { decide, sequentialTest } from "../../../../network/statistics.ts";
import { endpoint, gateway, node } from "./reports.ts";

const ENDPOINTS = ["ghcr.io", "registry-1.docker.io", "quay.io", "registry.k8s.io", "api.doppler.com"];
/** Connections to each endpoint; more as long as the sequential test has not decided. */
const FEWEST_ROUNDS = 28;
const MOST_ROUNDS = 80;

/** Chances, as shares of 1. */
export interface Trouble {
    /** That a packet is lost, each way. */
    loss?: number;
    /** That the resolver does not answer a query. */
    dns?: number;
    /** That an endpoint answers with an error. */
    http?: { endpoint: string; share: number };
    /** That a connection of the VMs gets no source port, and comes about with the next SYN. */
    noPort?: number;
}

/** Numbers between 0 and 1 that repeat: Marsaglia's xorshift of 32 bits. */
function draws(seed: number): () => number {
    let state = seed * 2654435761 || 1;
    return () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) / 2 ** 32;
    };
}

/** What a gateway and two nodes report of a network with this trouble. */
export function simulated(trouble: Trouble, seed: number): VantageReport[] {
    const draw = draws(seed);
    for (let warmUp = 0; warmUp < 20; warmUp++) draw();
    return [
        gateway(seen(trouble, draw, false)),
        node("cp1", seen(trouble, draw, true)),
        node("worker1", seen(trouble, draw, true)),
    ];
}

const THRESHOLDS = { stableRate: 0.99, unstableRate: 0.95, confidence: 0.95 };

function seen({ loss = 0, dns = 0, http, noPort = 0 }: Trouble, draw: () => number, isVm: boolean) {
    const any = (share: number, packets: number) => draw() < 1 - (1 - share) ** packets;
    const outcomes: boolean[] = [];
    const results = ENDPOINTS.map(name => ({ name, attempts: 0, dns: 0, http: 0, synRepeated: 0, repeated: 0 }));
    const attempt = (result: (typeof results)[number]) => {
        // A and AAAA are asked for at once: two questions and two answers.
        const failsName = any(loss, 4) || any(dns, 2);
        const failsAnswer = !failsName && result.name === http?.endpoint && draw() < http.share;
        outcomes.push(!failsName && !failsAnswer);
        result.attempts += 1;
        if (failsName) result.dns += 1;
        else if (failsAnswer) result.http += 1;
        else {
            const late = any(loss, 2) || (isVm && any(noPort, 1));
            result.synRepeated += late ? 1 : 0;
            result.repeated += late || any(loss, 4) ? 1 : 0;
        }
    };
    let stability = decide([], sequentialTest(THRESHOLDS));
    for (let round = 0; round < FEWEST_ROUNDS || (round < MOST_ROUNDS && stability === "inconclusive"); round++) {
        results.forEach(attempt);
        stability = decide(outcomes, sequentialTest(THRESHOLDS));
    }
    const endpoints = results.map(({ name, attempts, dns: unresolved, http: refused, ...repeats }) =>
        endpoint(name, {
            attempts,
            succeeded: attempts - unresolved - refused,
            failures: { dns: unresolved, http: refused },
            ...repeats,
        }),
    );
    return { endpoints, stability };
}
