import type { GateResult } from "./secretGate.ts";
import type { GateOutcome } from "./settings.ts";

const MARK: Record<GateOutcome["outcome"], string> = { fresh: "✔", present: "✔", stale: "!", failed: "✘" };

/** What a gate found, for people. Keys are named, values never. */
export function gateText({ passed, secrets }: GateResult): string {
    const lines = secrets.flatMap(({ secret, outcome, keys, refreshedAt, reason }) => [
        `${MARK[outcome]} ${secret}: ${outcome}${keys.length > 0 ? `, keys ${keys.join(", ")}` : ""}${refreshedAt ? `, synced ${refreshedAt}` : ""}`,
        ...(reason ? [`    ${outcome === "failed" ? "" : "warning: "}${reason}`] : []),
    ]);
    return `${[...lines, conclusion(passed, secrets)].join("\n")}\n`;
}

function conclusion(passed: boolean, secrets: readonly GateOutcome[]): string {
    if (!passed) return "Workloads that need a missing Secret will not start.";
    return secrets.some(({ outcome }) => outcome === "stale")
        ? "Workloads can start: a stale Secret holds what an earlier sync wrote."
        : "Workloads can start.";
}
