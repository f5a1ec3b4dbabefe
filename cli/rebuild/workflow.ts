import type { Stage, StageContext, StageResult, Subject } from "./stage.ts";
import { type Attempt, isOver, type RebuildState, STAGES, type StageState, stageOf, writeState } from "./state.ts";

export interface WorkflowOptions {
    subject: Subject;
    stages: readonly Stage[];
    state: RebuildState;
    directory: string;
    say(line: string): void;
    /** Called whenever a stage has ended, with the state as it was written. */
    onStage?(state: RebuildState): Promise<void>;
    signal: AbortSignal;
}

/**
 * Runs the stages that are not over yet, one after the other, and stops at the first that fails. The state is written
 * before and after each, so that a process that dies leaves nothing out. Returns whether all are over.
 */
export async function runWorkflow(options: WorkflowOptions): Promise<boolean> {
    const { stages, state, directory, say, signal, onStage = async () => {} } = options;
    closeInterrupted(state);
    for (const stage of stages) {
        const stageState = stageOf(state, stage.name);
        if (isOver(stageState)) continue;
        if (signal.aborted) return false;

        const attempt = begin(stageState);
        const again = stageState.attempts.length > 1 ? `, attempt ${stageState.attempts.length}` : "";
        say(`── ${STAGES.indexOf(stage.name) + 1}/${STAGES.length} ${stage.title}${again}`);
        await writeState(directory, state);
        const result = await resultOf(stage, context(options, stageState), signal);
        take(stageState, attempt, result);
        state.command = null;
        await writeState(directory, state);
        for (const note of attempt.notes) say(`   ${note.replaceAll("\n", "\n   ")}`);
        say(`   ${attempt.outcome}: ${attempt.summary}`);
        await onStage(state);
        if (!isOver(stageState)) return false;
    }
    return true;
}

/** A stage that was running when its process died was interrupted: nobody saw its end. */
export function closeInterrupted(state: RebuildState): void {
    for (const { attempts } of state.stages) {
        for (const attempt of attempts.filter(({ outcome }) => outcome === null)) {
            attempt.outcome = "interrupted";
            attempt.summary = "The rebuild ended while this stage was running.";
        }
    }
    state.command = null;
}

function begin(stage: StageState): Attempt {
    const attempt: Attempt = {
        startedAt: new Date().toISOString(),
        endedAt: null,
        outcome: null,
        summary: "",
        notes: [],
    };
    stage.attempts.push(attempt);
    return attempt;
}

type Ended = Omit<StageResult, "outcome"> & { outcome: Attempt["outcome"] };

async function resultOf(stage: Stage, context: StageContext, signal: AbortSignal): Promise<Ended> {
    try {
        const result = await stage.run(context);
        if (result.outcome !== "failed" || !signal.aborted) return result;
        return { ...result, outcome: "interrupted" };
    } catch (error) {
        const summary = error instanceof Error ? error.message : String(error);
        return { outcome: signal.aborted ? "interrupted" : "failed", summary };
    }
}

/** What was kept by earlier attempts stays; everything else is as the last attempt found it. */
function take(stage: StageState, attempt: Attempt, { outcome, summary, notes = [], ...found }: Ended): void {
    Object.assign(attempt, { outcome, summary, notes, endedAt: new Date().toISOString() });
    const { kept = [], retries = [], ...rest } = found;
    stage.kept.push(...kept);
    stage.retries.push(...retries);
    Object.assign(stage, rest);
}

function context(
    { subject, state, directory, say, signal }: WorkflowOptions,
    { name, attempts }: StageState,
): StageContext {
    const attempt = attempts.length;
    const number = String(STAGES.indexOf(name) + 1).padStart(2, "0");
    return {
        ...subject,
        state,
        directory,
        attempt,
        fileName: extension => `${number}-${name}${attempt > 1 ? `.${attempt}` : ""}.${extension}`,
        say: line => say(`   ${line}`),
        async running(command) {
            state.command = command && { ...command, stage: name };
            await writeState(directory, state);
        },
        signal,
    };
}
