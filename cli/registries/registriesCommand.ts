import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { DEFAULT_DATA_DIR, EMBEDDED_REGISTRY, NotReproducible, renderCertsD } from "../../network/registries/certsD.ts";
import { checkRegistries } from "../../network/registries/check.ts";
import { type Problem, parseRegistries } from "../../network/registries/parse.ts";
import { formatK3sVersion, type K3sVersion, NEWEST_K3S, parseK3sVersion } from "../../network/registries/version.ts";
import { CouldNotRun, EXIT } from "../exit.ts";

interface RenderOptions {
    out: string;
    k3sVersion?: K3sVersion;
    dataDir: string;
    embeddedRegistry?: true;
    disableDefaultRegistryEndpoint?: true;
    json?: true;
}

/** `clearpath registries`: what K3s makes of a registries.yaml, and what is wrong with one. */
export function registriesCommand(program: Command): void {
    const registries = program.command("registries").description("Renders and checks K3s's registries.yaml.");
    registries
        .command("render")
        .description("Writes the certs.d tree that K3s makes of FILE.")
        .argument("<file>", "a registries.yaml")
        .requiredOption("--out <dir>", "directory to write to; must be new or empty")
        .option("--k3s-version <version>", `release of the node (default: ${formatK3sVersion(NEWEST_K3S)})`, k3sVersion)
        .option("--data-dir <dir>", "data-dir of the node's K3s", DEFAULT_DATA_DIR)
        .option("--embedded-registry", "the node's K3s runs with embedded-registry")
        .option("--disable-default-registry-endpoint", "the node's K3s runs with this option")
        .option("--json", "print the files as one JSON object")
        .action(render);
    registries
        .command("check")
        .description("Says what is wrong with FILE or risky in it. Exits with 1 for errors and warnings.")
        .argument("<file>", "a registries.yaml")
        .option("--k3s-version <version>", "release the file is for (default: any)", k3sVersion)
        .option("--json", "print the findings as one JSON object")
        .action(check);
}

function render(file: string, options: RenderOptions): void {
    const result = renderText(readText(file), options);
    if ("problems" in result) {
        if (options.json) printJson({ file, files: [], problems: result.problems });
        else for (const { line, column, message } of result.problems) printLine(`${file}:${line}:${column} ${message}`);
        process.exitCode = EXIT.foundSomething;
        return;
    }
    writeTree(options.out, result.files);
    const paths = [...result.files.keys()];
    if (options.json) {
        const files = [...result.files].map(([path, content]) => ({ path, content }));
        printJson({ file, files, problems: [] });
    } else if (paths.length === 0) printLine(`K3s writes no hosts.toml for ${file}.`);
    else for (const path of paths) printLine(join(options.out, path));
}

function renderText(
    text: string,
    options: RenderOptions,
): { files: Map<string, string> } | { problems: readonly Problem[] } {
    const { file, problems } = parseRegistries(text);
    if (!file) return { problems };
    try {
        const files = renderCertsD(file.registries, {
            version: options.k3sVersion ?? NEWEST_K3S,
            dataDir: options.dataDir,
            embeddedRegistry: options.embeddedRegistry ? EMBEDDED_REGISTRY : null,
            disableDefaultRegistryEndpoint: options.disableDefaultRegistryEndpoint ?? false,
        });
        return { files };
    } catch (error) {
        if (!(error instanceof NotReproducible)) throw error;
        return { problems: [{ line: 1, column: 1, path: "", message: error.message }] };
    }
}

function check(file: string, options: { k3sVersion?: K3sVersion; json?: true }): void {
    const findings = checkRegistries(readText(file), options.k3sVersion ?? null);
    if (options.json) {
        printJson({ file, k3sVersion: options.k3sVersion ? formatK3sVersion(options.k3sVersion) : null, findings });
    } else if (findings.length === 0) printLine(`Nothing is wrong with ${file}.`);
    else {
        for (const { line, column, severity, rule, path, message } of findings) {
            printLine(`${file}:${line}:${column} ${severity} ${rule}: ${path ? `${path}: ` : ""}${message}`);
        }
    }
    const isClean = findings.every(({ severity }) => severity === "info");
    process.exitCode = isClean ? EXIT.ok : EXIT.foundSomething;
}

function k3sVersion(text: string): K3sVersion {
    const version = parseK3sVersion(text);
    if (!version) throw new InvalidArgumentError("Write a K3s release, such as v1.32.3+k3s1.");
    return version;
}

function readText(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        throw new CouldNotRun(`${file} cannot be read: ${(error as Error).message}. Name a registries.yaml.`);
    }
}

/** Writes files and directories with the modes K3s gives them. */
function writeTree(directory: string, files: ReadonlyMap<string, string>): void {
    try {
        mkdirSync(directory, { recursive: true });
        if (readdirSync(directory).length > 0) {
            throw new CouldNotRun(`${directory} is not empty. Nothing was written. Name a new or an empty directory.`);
        }
        for (const [path, content] of files) {
            mkdirSync(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
            writeFileSync(join(directory, path), content, { mode: 0o644 });
        }
    } catch (error) {
        if (error instanceof CouldNotRun) throw error;
        throw new CouldNotRun(`${directory} cannot be written: ${(error as Error).message}. Name another directory.`);
    }
}

function printJson(value: unknown): void {
    printLine(JSON.stringify(value, null, 2));
}

function printLine(line: string): void {
    process.stdout.write(`${line}\n`);
}
