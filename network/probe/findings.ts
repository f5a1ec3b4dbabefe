import type { AgentMessage } from "./messages.ts";
import type { Findings } from "./reportOf.ts";

/** The findings of a run that may still be under way. */
export type FindingsSoFar = Omit<Findings, "facts" | "seconds"> & {
    /** What the host said of its own network; null until it has. */
    facts: Findings["facts"] | null;
    /** How long the run took; null until the agent has said that it reached its end. */
    seconds: number | null;
};

/** The findings of a run that has told nothing yet. */
export function noFindings(): FindingsSoFar {
    return {
        samples: [],
        pulls: [],
        pathMtu: { ipv4: null, ipv6: null },
        facts: null,
        seconds: null,
        incompleteReason: null,
    };
}

/** Adds one message of the agent to the findings of its run. `budgetSeconds` is that of the run's plan. */
export function addMessage(found: FindingsSoFar, message: AgentMessage, budgetSeconds: number): void {
    switch (message.kind) {
        case "heartbeat":
            break;
        case "facts":
            found.facts = message.facts;
            break;
        case "pathMtu":
            found.pathMtu = message.pathMtu;
            break;
        case "sample":
            found.samples.push(message.sample);
            break;
        case "pull":
            found.pulls.push(message.pull);
            break;
        case "failed":
            found.incompleteReason = `the probe failed: ${message.message}.`;
            break;
        case "end":
            found.seconds = message.seconds;
            if (message.outOfTime)
                found.incompleteReason = `the budget of ${budgetSeconds} s was used up before all rounds were done.`;
    }
}
