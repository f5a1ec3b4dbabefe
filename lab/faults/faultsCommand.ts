import { randomInt } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "../../cli/exit.ts";
import { untilStopped } from "../network/untilStopped.ts";

/** Adds `lab faults`: whether anything is lost when runs are killed in the middle. */
export function addFaults(lab: Command): void {
    lab.command("faults")
        .description(
            "Kill the runner, the engine, the plugin, the connection or a host in the middle of up and destroy, and report what is lost.",
        )
        .option("--count <number>", "how many faults to try", wholeNumber, 200)
        .option("--lanes <number>", "pairs of hosts to work on side by side, 3 at most", wholeNumber, 3)
        .option("--seed <number>", "seed of the random draws (default: a random one, which is printed)", wholeNumber)
        .option("--only <fault...>", "run only these faults, named as they are printed: create/first/12/host")
        .option("--cases <name...>", "run only these cases (default: all; none: no case)")
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
                    : `${costly.length} of ${tried} lost something (seed ${seed}).`,
            );
            process.exitCode = costly.length === 0 ? EXIT.ok : EXIT.foundSomething;
        });
}

function wholeNumber(text: string): number {
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) return value;
    throw new InvalidArgumentError("It takes a whole number above 0.");
}
