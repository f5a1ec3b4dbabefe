import type { Stage } from "../stage.ts";
import { isOver, type Outcome, outcomeOf, type RebuildState, type StageState, stageOf } from "../state.ts";

/** A run in one line: finished, stopped and where, or still going. */
export function headline(state: RebuildState, stages: readonly Stage[]): string {
    if (state.stages.every(isOver)) return "The cluster is rebuilt, and the probes confirm it";
    const stage = stages.find(({ name }) => !isOver(stageOf(state, name)))!;
    const outcome = outcomeOf(stageOf(state, stage.name));
    if (outcome === "failed") return `Stopped: ${lowerFirst(stage.title)} failed`;
    return outcome === "interrupted"
        ? `Interrupted: ${lowerFirst(stage.title)}`
        : `Running: ${lowerFirst(stage.title)}`;
}

export const SIGN: Record<Outcome | "pending" | "running", string> = {
    done: "✓",
    skipped: "–",
    failed: "✕",
    interrupted: "✕",
    pending: "·",
    running: "…",
};

/** How long a stage took over all attempts that somebody saw end, in words. */
export function durationOf({ attempts }: StageState): string {
    const seconds = attempts.reduce(
        (sum, { startedAt, endedAt }) => sum + (endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : 0),
        0,
    );
    if (seconds === 0) return "";
    return seconds < 100 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

/** Everything that was tried more than once: by the run itself, and by whoever resumed it. */
export function retriesOf(state: RebuildState): string[] {
    return state.stages.flatMap(({ name, attempts, retries }) => [
        ...(attempts.length > 1
            ? [
                  `Stage ${name} took ${attempts.length} attempts: ${attempts.map(({ outcome, summary }) => `${outcome ?? "running"} (${summary})`).join(" ")}`,
              ]
            : []),
        ...retries.map(({ what, count, why }) => `${what}: ${count} more ${count === 1 ? "try" : "tries"}, ${why}`),
    ]);
}

function lowerFirst(text: string): string {
    return text.charAt(0).toLowerCase() + text.slice(1);
}
