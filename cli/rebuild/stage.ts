import type { DeployOptions } from "../deploy/deploy.ts";
import type { PlanFile } from "./plan.ts";
import type { Outcome, RebuildState, StageName, StageState } from "./state.ts";
import type { RunningCommand } from "./userCommand.ts";

/** known_hosts file of a run, with keys of new hosts that the stack's state does not know yet. */
export const VERIFIED_KEYS = "known_hosts";

/** What a rebuild works on. */
export interface Subject {
    stack: string;
    /** Directory of Pulumi.yaml. */
    cwd: string;
    engine: DeployOptions["engine"];
    policyPacks: string[];
    policyPackConfig?: string;
    plan: PlanFile;
}

/** What a stage has at hand while it runs. */
export interface StageContext extends Subject {
    /** What is known so far. A stage reads it, and returns what it adds. */
    state: Readonly<RebuildState>;
    /** The run's directory. */
    directory: string;
    /** 1 for the first try of this stage. */
    attempt: number;
    /** Name of a file of this attempt, in the run's directory: `05-rebuild.log`, `05-rebuild.2.log` in a second. */
    fileName(extension: string): string;
    /** Shows a line to the user. */
    say(line: string): void;
    /** Remembers the command that runs now; null when it has ended. */
    running(command: RunningCommand | null): Promise<void>;
    signal: AbortSignal;
}

/** What a stage ends with: how, what came of it, and what it adds to the run's state. */
export interface StageResult extends Partial<Omit<StageState, "name" | "attempts">> {
    outcome: Exclude<Outcome, "interrupted">;
    summary: string;
    notes?: string[];
}

/** One step of the workflow. */
export interface Stage {
    name: StageName;
    title: string;
    /** What it would do, in one sentence, for a dry run. */
    intent(subject: Subject): string;
    /** What it throws fails the stage, with the error's message as its summary. */
    run(context: StageContext): Promise<StageResult>;
}
