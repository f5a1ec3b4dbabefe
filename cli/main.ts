import { Command, CommanderError } from "commander";
import { version } from "../provider/version.ts";
import { CouldNotRun, EXIT } from "./exit.ts";
import { labCommand } from "./labCommand.ts";

/** By its first word, what adds a command. Only the code of the command that is asked for is loaded. */
const COMMANDS: Readonly<Record<string, (program: Command) => Promise<void>>> = {
    deploy: async to => (await import("./deploy/deployCommand.ts")).deployCommand(to),
    probe: async to => (await import("./probe/probeCommand.ts")).probeCommand(to),
    compare: async to => (await import("./evidence/compareCommand.ts")).compareCommand(to),
    report: async to => (await import("./evidence/reportCommand.ts")).reportCommand(to),
    lint: async to => (await import("./cluster/lintCommand.ts")).lintCommand(to),
    registries: async to => (await import("./registries/registriesCommand.ts")).registriesCommand(to),
    diagnose: async to => (await import("./cluster/diagnoseCommand.ts")).diagnoseCommand(to),
    secrets: async to => (await import("./cluster/secretsCommand.ts")).secretsCommand(to),
    collect: async to => (await import("./cluster/collectCommand.ts")).collectCommand(to),
    images: async to => (await import("./cluster/imagesCommand.ts")).imagesCommand(to),
    rebuild: async to => (await import("./rebuild/rebuildCommand.ts")).rebuildCommand(to),
    comment: async to => (await import("./pullRequest/commentCommand.ts")).commentCommand(to),
};

const program = new Command("clearpath")
    .description(
        "Sets up and tests the internet path of a K3s cluster on Proxmox: MSS, ICMP, MTU, registries and a cache.",
    )
    .version(version)
    .showHelpAfterError("(run it with --help to see its options)")
    .exitOverride();

const asked = process.argv[2] ?? "";
const adders = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : Object.values(COMMANDS);
for (const add of adders) await add(program);
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
