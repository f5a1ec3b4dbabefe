import { Command, CommanderError } from "commander";
import { version } from "../provider/version.ts";
import { collectCommand } from "./cluster/collectCommand.ts";
import { diagnoseCommand } from "./cluster/diagnoseCommand.ts";
import { imagesCommand } from "./cluster/imagesCommand.ts";
import { lintCommand } from "./cluster/lintCommand.ts";
import { secretsCommand } from "./cluster/secretsCommand.ts";
import { deployCommand } from "./deploy/deployCommand.ts";
import { compareCommand } from "./evidence/compareCommand.ts";
import { reportCommand } from "./evidence/reportCommand.ts";
import { CouldNotRun, EXIT } from "./exit.ts";
import { labCommand } from "./labCommand.ts";
import { probeCommand } from "./probe/probeCommand.ts";
import { commentCommand } from "./pullRequest/commentCommand.ts";
import { rebuildCommand } from "./rebuild/rebuildCommand.ts";
import { registriesCommand } from "./registries/registriesCommand.ts";

const program = new Command("clearpath")
    .description("Keeps the egress path of a K3s cluster on Proxmox clear, and proves it.")
    .version(version)
    .showHelpAfterError("(add --help for what it takes)")
    .exitOverride();

deployCommand(program);
probeCommand(program);
compareCommand(program);
reportCommand(program);
lintCommand(program);
registriesCommand(program);
diagnoseCommand(program);
secretsCommand(program);
collectCommand(program);
imagesCommand(program);
rebuildCommand(program);
commentCommand(program);
await labCommand(program, process.argv);

/** Commander's own errors (unknown option, missing argument) are usage errors; help and version are not errors. */
function exitCodeOf(error: unknown): number {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CouldNotRun) {
        process.stderr.write(`clearpath: ${error.message}\n`);
        return EXIT.couldNotRun;
    }
    process.stderr.write(`clearpath: ${error instanceof Error ? error.message : String(error)}\n`);
    if (process.env.CLEARPATH_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return EXIT.couldNotRun;
}

try {
    await program.parseAsync();
} catch (error) {
    process.exitCode = exitCodeOf(error);
}
