import { randomInt } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "../../cli/exit.ts";
import { untilStopped } from "../network/untilStopped.ts";

/** Adds `lab faults`: whether anything is lost when runs are killed in the middle. */
export function addFaults(lab: Command): void {
    lab.command("faults")
        .description(
            "kill runner, engine, plugin, connection or host in the middle of up and destroy, and look at what is lost",
        )
        .option("--count <number>", "how many faults to try", wholeNumber, 200)
        .option("--lanes <number>", "pairs of hosts to work on side by side, 3 at most", wholeNumber, 3)
        .option("--seed <number>", "start of every draw; drawn itself, and printed, when left out", wholeNumber)
        .option("--only <fault...>", "faults as they are printed, such as create/first/12/host")
        .option("--cases <name...>", "names of the cases to try; all when left out, none for none")
        .action(async ({ count, lanes, seed = randomInt(1, 1_000_000), only, cases: wanted }) => {
            const { faultCampaign } = await import("./campaign.ts");
            const { caseTable, faultTable } = await import("./table.ts");
            const say = (line: string) => process.stdout.write(`${line}\n`);
            const { faults, cases } = await untilStopped(signal =>
                faultCampaign({ count, lanes, seed: String(seed), only, cases: wanted, onProgress: say, signal }),
            );
            const costly = [...faults, ...cases].filter(({ lost }) => lost.length > 0);
            const tried = `${faults.length} faults and ${cases.length} cases`;
            say(`\n${faultTable(faults)}\n${caseTable(cases)}`);
            say(
                costly.length === 0
                    ? `${tried}, and nothing was lost (seed ${seed}).`
                    : `${costly.length} of ${tried} cost something (seed ${seed}).`,
            );
            process.exitCode = costly.length === 0 ? EXIT.ok : EXIT.foundSomething;
        });
}

function wholeNumber(text: string): number {
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    throw new InvalidArgumentError("It takes a whole number above 0.");
}
