import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { CouldNotRun } from "./exit.ts";
import { repositoryRoot } from "./root.ts";

/** Where the commands of the lab are in a checkout. The published package has no lab. */
const COMMANDS = join(repositoryRoot, "lab", "commands.ts");

/** Adds `clearpath lab`. The lab's own code is loaded only where one of its commands is asked for. */
export async function labCommand(program: Command, argv: readonly string[]): Promise<void> {
    const lab = program
        .command("lab")
        .description("A network of real Debian hosts on this machine, to rehearse in. Needs root and a checkout.");
    if (argv[2] !== "lab") return;
    if (existsSync(COMMANDS)) {
        const { addLabCommands } = await import(COMMANDS);
        addLabCommands(lab);
        return;
    }
    lab.argument("[command...]")
        .allowUnknownOption()
        .action(() => {
            throw new CouldNotRun(
                "This package has no lab. Clone Clearpath's repository and run `npm run lab`, or `npx clearpath lab …`, there.",
            );
        });
}
