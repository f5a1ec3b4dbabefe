import { join } from "node:path";
import { rebuiltNodes } from "../nodes.ts";
import type { PlannedCommand, RebuildPlan } from "../plan.ts";
import type { Stage, StageContext, StageResult } from "../stage.ts";
import { type CommandEnd, runCommand } from "../userCommand.ts";

/** The user's own commands. */
export const destroy = commandStage("destroy", "Destroy the VMs: your command");
export const rebuild = commandStage("rebuild", "Build the new VMs: your command");
export const bootstrap = commandStage("bootstrap", "Start K3s and what runs on it: your command");

function commandStage(name: "destroy" | "rebuild" | "bootstrap", title: string): Stage {
    const planned = (plan: RebuildPlan): PlannedCommand | undefined => plan[name];
    return {
        name,
        title,
        intent({ plan }) {
            const command = planned(plan.plan);
            return command ? `runs ${command.run}` : `does nothing: the plan has no \`${name}\``;
        },
        async run(context) {
            const command = planned(context.plan.plan);
            if (command === undefined) return { outcome: "skipped", summary: `The plan has no \`${name}\`.` };
            return run(context, name, command);
        },
    };
}

async function run(context: StageContext, name: string, command: PlannedCommand): Promise<StageResult> {
    const log = context.fileName("log");
    const nodes = await rebuiltNodes(context);
    context.say(command.run);
    const end = await runCommand(command, {
        directory: context.plan.directory,
        environment: {
            CLEARPATH_STACK: context.stack,
            CLEARPATH_STAGE: name,
            CLEARPATH_ATTEMPT: String(context.attempt),
            CLEARPATH_NODES: nodes.map(node => node.name).join(" "),
        },
        log: join(context.directory, log),
        onLine: context.say,
        onStart: context.running,
        signal: context.signal,
    });
    await context.running(null);
    const kept = [{ title: "output", file: log }];
    const took = `${Math.round(end.seconds)} s`;
    if (end.code === 0 && !end.timedOut)
        return { outcome: "done", summary: `The command ended with 0 after ${took}.`, kept };
    return {
        outcome: "failed",
        summary: `The command ${howItEnded(end, command)} after ${took}.`,
        notes: [
            ...(end.lastLines.length > 0 ? [`Its last output:\n${end.lastLines.join("\n")}`] : ["It wrote no output."]),
            "The changes it made before it stopped are still there. Repair what stopped it, and continue with --resume: the command then runs again from its start, with CLEARPATH_ATTEMPT one higher.",
        ],
        kept,
    };
}

function howItEnded({ timedOut, code, signal }: CommandEnd, { timeoutMinutes }: PlannedCommand): string {
    if (timedOut) return `was ended because it took more than ${timeoutMinutes} minutes,`;
    return code === null ? `was ended by ${signal}` : `ended with ${code}`;
}
