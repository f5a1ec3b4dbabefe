import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_DATA_DIR } from "../../network/registries/dataDir.ts";
import { namedRelease } from "../../network/registries/releases.ts";
import { formatK3sVersion, NEWEST_K3S } from "../../network/registries/version.ts";
import type { GivenRelease, NodeOptions, RenderOptions } from "./options.ts";

/** `clearpath registries`: what K3s makes of a registries.yaml, and what is wrong with one. */
export function registriesCommand(program: Command): void {
    const registries = program.command("registries").description("Renders and checks K3s's registries.yaml.");
    const render = registries
        .command("render")
        .description("Writes the certs.d tree that K3s makes of a registries.yaml, or prints it with --json.")
        .argument("<file...>", "registries.yaml, or - for standard input; several only with --json and without --out")
        .option("--out <dir>", "directory to write to; must be new or empty")
        .option("--k3s-version <version>", `release of the node (default: ${formatK3sVersion(NEWEST_K3S)})`, release)
        .option("--data-dir <dir>", "data-dir of the node's K3s", DEFAULT_DATA_DIR);
    const check = registries
        .command("check")
        .description("Says what is wrong with a registries.yaml or risky in it. Exits with 1 for errors and warnings.")
        .argument("<file...>", "registries.yaml files, or - for standard input")
        .option("--k3s-version <version>", "release the file is for (default: any)", release);
    for (const command of [render, check]) {
        command
            .addOption(new Option("--embedded-registry", "the node's K3s runs with embedded-registry"))
            .addOption(
                new Option("--disable-default-registry-endpoint", "the node's K3s runs with this option: no upstream"),
            )
            .option("--json", "print the result as JSON: one object, or a list for several files");
    }
    render.action(async (files: string[], options: RenderOptions) => {
        if (options.out === undefined && !options.json) render.error("error: write --out DIR, --json or both");
        if (files.length > 1 && options.out !== undefined)
            render.error("error: --out takes one file; use --json for several");
        const { renderFiles } = await import("./render.ts");
        renderFiles(files, options);
    });
    check.action(async (files: string[], options: NodeOptions) => {
        const { checkFiles } = await import("./check.ts");
        checkFiles(files, options);
    });
}

function release(text: string): GivenRelease {
    const named = namedRelease(text);
    if (named.version === null) throw new InvalidArgumentError(named.fault);
    return named;
}
