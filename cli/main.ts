import { Command, CommanderError } from "commander";
import { version } from "../provider/version.ts";
import { collectCommand } from "./commands/collect.ts";
import { commentCommand } from "./commands/comment.ts";
import { compareCommand } from "./commands/compare.ts";
import { deployCommand } from "./commands/deploy.ts";
import { diagnoseCommand } from "./commands/diagnose.ts";
import { imagesCommand } from "./commands/images.ts";
import { labCommand } from "./commands/lab.ts";
import { addFaults } from "./commands/labFaults.ts";
import { addMainJob } from "./commands/labMainJob.ts";
import { addVerdicts } from "./commands/labVerdicts.ts";
import { lintCommand } from "./commands/lint.ts";
import { probeCommand } from "./commands/probe.ts";
import { rebuildCommand } from "./commands/rebuild.ts";
import { registriesCommand } from "./commands/registries.ts";
import { reportCommand } from "./commands/report.ts";
import { secretsCommand } from "./commands/secrets.ts";
import { CouldNotRun, EXIT } from "./exit.ts";

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
const lab = labCommand(program);
addMainJob(lab);
addVerdicts(lab);
addFaults(lab);

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
