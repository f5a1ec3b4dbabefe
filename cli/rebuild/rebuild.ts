import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { lock } from "../../engine/state/fileLock.ts";
import { CouldNotRun } from "../exit.ts";
import type { JudgedMitigation } from "./mitigations/judge.ts";
import { rebuiltNodes } from "./nodes.ts";
import { REPORT, writeReport } from "./report/write.ts";
import { isUnfinished, lastRun, newRunDirectory, runsDirectory } from "./runs.ts";
import type { Subject } from "./stage.ts";
import { stages } from "./stages/index.ts";
import { isOver, newState, outcomeOf, type RebuildState, writeState } from "./state.ts";
import { stillRuns } from "./userCommand.ts";
import { closeInterrupted, runWorkflow } from "./workflow.ts";

export interface RebuildOptions {
    subject: Subject;
    /** Continues the last rebuild, at the stage that failed or was interrupted. */
    resume: boolean;
    /** Starts from the first stage although the last rebuild is not finished. */
    startOver: boolean;
    say(line: string): void;
    signal: AbortSignal;
}

/** How a rebuild ended, for scripts. */
export interface RebuildResult {
    ok: boolean;
    stack: string;
    directory: string;
    /** The one page that leads to everything kept. */
    report: string;
    stages: { name: string; outcome: string; attempts: number; summary: string; kept: string[] }[];
    retries: number;
    /** Null while nothing is known about the new hosts. */
    mitigations: JudgedMitigation[] | null;
}

/** Runs a rebuild, or the rest of one. Throws `CouldNotRun` when it cannot begin. */
export async function rebuild(options: RebuildOptions): Promise<RebuildResult> {
    const { subject, say, signal } = options;
    await rebuiltNodes(subject);
    const runs = runsDirectory(subject.cwd, subject.stack);
    const held = await lock(`${runs}.lock`, `the rebuild of stack ${subject.stack}`, 0).catch((error: Error) => {
        throw new CouldNotRun(error.message);
    });
    try {
        const { directory, state } = options.resume ? await resumed(subject, runs) : await begun(options, runs);
        say(`${options.resume ? "Continuing" : "Rebuild"} ${relative(process.cwd(), directory) || directory}`);
        const onStage = async (now: RebuildState) => {
            await writeReport(directory, now, stages);
        };
        const ok = await runWorkflow({ subject, stages, state, directory, say, onStage, signal });
        const mitigations = await writeReport(directory, state, stages);
        return resultOf(ok, directory, state, mitigations);
    } finally {
        await held.release();
    }
}

async function begun({ subject, startOver }: RebuildOptions, runs: string): Promise<Run> {
    const last = await lastRun(runs).catch(() => undefined);
    if (last && isUnfinished(last.state) && !startOver) {
        const stage = last.state.stages.find(one => !isOver(one))!;
        throw new CouldNotRun(
            `The rebuild of stack ${subject.stack} from ${last.state.startedAt} is not finished: its stage ${stage.name} is ${outcomeOf(stage)}. Nothing was done. Continue it with --resume, or start from the first stage with --start-over.`,
        );
    }
    const startedAt = new Date();
    const directory = await newRunDirectory(runs, startedAt);
    const state = newState(subject.stack, await planIdentity(subject), startedAt);
    await writeState(directory, state);
    return { directory, state };
}

interface Run {
    directory: string;
    state: RebuildState;
}

async function resumed(subject: Subject, runs: string): Promise<Run> {
    const last = await lastRun(runs);
    if (last === undefined)
        throw new CouldNotRun(
            `Stack ${subject.stack} has no rebuild that could be continued. Nothing was done. Start one without --resume.`,
        );
    const { directory, state } = last;
    if (!isUnfinished(state))
        throw new CouldNotRun(
            `The rebuild of stack ${subject.stack} from ${state.startedAt} is finished. Nothing was done. Start a new one without --resume.`,
        );
    if (state.command && stillRuns(state.command))
        throw new CouldNotRun(
            `The command of stage ${state.command.stage} still runs, as process ${state.command.pid}: it outlived the rebuild that started it. Nothing was done. Wait until it ends, or end it.`,
        );
    closeInterrupted(state);
    const plan = await planIdentity(subject);
    if (plan.digest !== state.plan.digest) {
        const over = state.stages.filter(isOver).map(({ name }) => name);
        state.notes.push(
            `The plan was changed after ${over.at(-1) ?? "the start"}. The earlier stages used the earlier plan.`,
        );
        state.plan = plan;
    }
    return { directory, state };
}

async function planIdentity({ plan }: Subject): Promise<RebuildState["plan"]> {
    return {
        file: plan.file,
        digest: createHash("sha256")
            .update(await readFile(plan.file))
            .digest("hex"),
    };
}

function resultOf(
    ok: boolean,
    directory: string,
    state: RebuildState,
    mitigations: JudgedMitigation[] | undefined,
): RebuildResult {
    const retried = state.stages.map(
        ({ attempts, retries }) =>
            Math.max(0, attempts.length - 1) + retries.reduce((sum, { count }) => sum + count, 0),
    );
    return {
        ok,
        stack: state.stack,
        directory,
        report: join(directory, REPORT.page),
        stages: state.stages.map(stage => ({
            name: stage.name,
            outcome: outcomeOf(stage),
            attempts: stage.attempts.length,
            summary: stage.attempts.at(-1)?.summary ?? "",
            kept: stage.kept.map(({ file }) => file),
        })),
        retries: retried.reduce((sum, count) => sum + count, 0),
        mitigations: mitigations ?? null,
    };
}
