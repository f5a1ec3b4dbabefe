import { type Command, InvalidArgumentError } from "commander";
import { bootstrapSecrets, type GateResult, secretGate } from "../../cluster/secrets/secretGate.ts";
import { GateSettings, type WantedSecret } from "../../cluster/secrets/settings.ts";
import { gateText } from "../../cluster/secrets/text.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { addClusterOptions, type ClusterFlags, withCluster } from "./withCluster.ts";

interface Flags extends ClusterFlags {
    sync: boolean;
    fresh?: boolean;
    freshTimeout?: number;
    timeout?: number;
    json?: boolean;
}

/** Adds `clearpath secrets`. */
export function secretsCommand(program: Command): void {
    const command = program
        .command("secrets")
        .description("Wait for the Secrets that workloads start with. It judges what was generated, never a provider.")
        .argument(
            "[secret...]",
            "NAMESPACE/NAME of an ExternalSecret or its Secret, with :KEY,KEY for keys that must not be empty; default: every ExternalSecret with the label or annotation clearpath/bootstrap",
            (value: string, before: WantedSecret[] = []) => [...before, wantedSecret(value)],
        );
    addClusterOptions(command)
        .option("--no-sync", "only look: do not have the ExternalSecrets synced now")
        .option("--fresh", "wait for Secrets synced from now on; what is there passes in the end, with a warning")
        .option(
            "--fresh-timeout <seconds>",
            "longest wait for a newer Secret where one is there (default: 60)",
            seconds,
        )
        .option("--timeout <seconds>", "longest wait for a Secret that is not there (default: 300)", seconds)
        .option("--json", "print one JSON object")
        .addHelpText("after", "\nExit code 0: all are there. 1: one is missing. 2: usage. 3: could not run.");

    command.action(async (wanted: WantedSecret[] | undefined, flags: Flags) => {
        if (flags.fresh && !flags.sync)
            command.error("error: --fresh waits for a sync, and --no-sync asks for none", { exitCode: EXIT.usage });
        const result = await judged(wanted ?? [], flags);
        process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : gateText(result));
        process.exitCode = result.passed ? EXIT.ok : EXIT.foundSomething;
    });
}

async function judged(named: WantedSecret[], flags: Flags): Promise<GateResult> {
    const settings = GateSettings.parse({
        sync: flags.sync,
        fresh: flags.fresh,
        freshSeconds: flags.freshTimeout,
        timeoutSeconds: flags.timeout,
    });
    const onProgress = (sentence: string) => process.stderr.write(`${sentence}\n`);
    return await withCluster(flags, async api => {
        const wanted = named.length > 0 ? named : await bootstrapSecrets(api);
        if (wanted.length === 0)
            throw new CouldNotRun(
                'No ExternalSecret carries the label or annotation clearpath/bootstrap: "true". Nothing was judged. Mark those that the cluster needs at its first start, or name them.',
            );
        return await secretGate(api, wanted, settings, { onProgress });
    });
}

function wantedSecret(value: string): WantedSecret {
    const [, namespace, name, keys] = /^([^/:]+)\/([^/:]+)(?::(.+))?$/.exec(value) ?? [];
    if (namespace && name) return { namespace, name, keys: keys?.split(",").filter(Boolean) ?? [] };
    throw new InvalidArgumentError("It takes NAMESPACE/NAME, or NAMESPACE/NAME:KEY,KEY.");
}

function seconds(value: string): number {
    const number = Number(value);
    if (Number.isFinite(number) && number >= 1 && number <= 3600) return number;
    throw new InvalidArgumentError("It takes a number of seconds from 1 to 3600.");
}
