import type { Command } from "commander";
import { compareEvidence } from "../../network/evidence/compare.ts";
import { EXIT } from "../exit.ts";
import { comparisonText } from "./comparisonText.ts";
import { readEvidence } from "./file.ts";

/** Adds `clearpath compare`. */
export function compareCommand(program: Command): void {
    program
        .command("compare")
        .description("Say what got better or worse between two runs of probes, and how sure that is.")
        .argument("<before>", "evidence file of the earlier run, as clearpath probe --out writes it")
        .argument("<after>", "evidence file of the later run")
        .option("--json", "print the comparison as one JSON object, with everything that did not change")
        .addHelpText(
            "after",
            "\nExit code 0: nothing got worse. 1: something did. 2: usage. 3: a file could not be read.",
        )
        .action(async (before: string, after: string, { json }: { json?: boolean }) => {
            const comparison = compareEvidence(await readEvidence(before), await readEvidence(after));
            process.stdout.write(json ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison));
            if (comparison.worse > 0) process.exitCode = EXIT.foundSomething;
        });
}
