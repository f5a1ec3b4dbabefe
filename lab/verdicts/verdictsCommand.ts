import { randomInt } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "../../cli/exit.ts";
import type { Scenario } from "../network/scenario.ts";
import { untilStopped } from "../network/untilStopped.ts";

/** Adds `lab verdicts`: how often the verdict is right, over all scenarios of the repository. */
export function addVerdicts(lab: Command): void {
    lab.command("verdicts")
        .description("Set each scenario with new random numbers, probe it, and print which cause was found for which.")
        .option("--only <scenario...>", "names of scenarios; all that expect a verdict when left out")
        .option("--runs <number>", "runs of each scenario", wholeNumber, 5)
        .option("--seed <number>", "start of every draw; drawn itself, and printed, when left out", wholeNumber)
        .option(
            "--labs <number>",
            "labs side by side; two are faster by half, and want more than two cores",
            wholeNumber,
            1,
        )
        .option(
            "--invent <number>",
            "take this many networks drawn from the seed instead of the repository's",
            wholeNumber,
        )
        .option("--record <directory>", "keep what was drawn and found in each run here")
        .action(async ({ only, runs, seed = randomInt(1, 1_000_000), labs, invent: invented, record }) => {
            const { campaign, judgedScenarios } = await import("./campaign.ts");
            const { confusionMatrix } = await import("./matrix.ts");
            const { invent } = await import("./invent.ts");
            const asWritten = invented !== undefined;
            const scenarios = asWritten ? named(invent(invented, seed), only) : judgedScenarios(only);
            const say = (line: string) => process.stdout.write(`${line}\n`);
            say(`${scenarios.length} scenarios, ${runs} run(s) each, seed ${seed}`);
            const done = await untilStopped(() =>
                campaign({ scenarios, runs, seed, labs, asWritten, record, onProgress: say }),
            );
            const wrong = done.filter(({ unmet }) => unmet.length > 0);
            say(`\n${confusionMatrix(done)}`);
            for (const { scenario, run, unmet } of wrong) say(`${scenario} run ${run}: ${unmet.join("; ")}`);
            say(`${done.length - wrong.length} of ${done.length} verdicts are right (seed ${seed}).`);
            process.exitCode = wrong.length === 0 ? EXIT.ok : EXIT.foundSomething;
        });
}

/** The invented networks whose names contain one of the words; all without words. */
function named(scenarios: Scenario[], words: readonly string[] = []): Scenario[] {
    return words.length === 0 ? scenarios : scenarios.filter(({ name }) => words.some(word => name.includes(word)));
}

function wholeNumber(text: string): number {
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    throw new InvalidArgumentError("It takes a whole number above 0.");
}
