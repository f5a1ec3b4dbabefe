import { type Command, Option } from "commander";
import { CouldNotRun, EXIT } from "../../cli/exit.ts";
import { workerCount } from "../network/networkCommands.ts";
import { loadScenario } from "../network/scenario.ts";
import { untilStopped } from "../network/untilStopped.ts";

const engineOption = () =>
    new Option("--engine <engine>", "what runs the program").choices(["auto", "pulumi", "embedded"]).default("auto");

/** Adds `lab run` and `lab story`: the main job on a lab, recorded for scripts or told for people. */
export function addMainJob(lab: Command): void {
    lab.command("run")
        .description("Run the main job on one scenario, record it, and take the lab down.")
        .requiredOption("--scenario <file>", "scenario file")
        .option("--json <file>", "write the record here")
        .option("--workers <number>", "number of workers (default: the scenario's)", workerCount)
        .option("--keep", "leave the lab up")
        .addOption(engineOption())
        .action(async options => {
            const scenario = readScenario(options.scenario);
            const { labRun } = await import("./run.ts");
            const onProgress = (sentence: string) => process.stderr.write(`${sentence}\n`);
            const { workers, engine, json: out, keep } = options;
            const result = await untilStopped(signal =>
                labRun({ scenario, workers, engine, out, keep, onProgress, signal }),
            );
            for (const sentence of result.unmet) process.stdout.write(`${scenario.name}: ${sentence}\n`);
            process.exitCode = result.unmet.length === 0 ? EXIT.ok : EXIT.foundSomething;
        });

    lab.command("story")
        .description("Show the main job, from a broken cluster to hosts that are as they were found.")
        .addOption(engineOption())
        .action(async ({ engine }) => {
            const { labStory } = await import("./story.ts");
            const say = (line: string) => process.stdout.write(`${line}\n`);
            const kept = await untilStopped(() => labStory({ engine, say }));
            process.exitCode = kept ? EXIT.ok : EXIT.foundSomething;
        });
}

function readScenario(file: string) {
    try {
        return loadScenario(file);
    } catch (error) {
        throw new CouldNotRun((error as Error).message);
    }
}
