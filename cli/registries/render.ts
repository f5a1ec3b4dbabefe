import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Problem, parseRegistries, pathText } from "../../network/registries/parse.ts";
import { EMBEDDED_REGISTRY, NotReproducible, renderCertsD } from "../../network/registries/rendering/certsD.ts";
import { NEWEST_K3S } from "../../network/registries/version.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { printJson, printLine, readInput, shownName, tellRelease } from "./input.ts";
import type { RenderOptions } from "./options.ts";

interface Rendered {
    file: string;
    files: ReadonlyMap<string, string>;
    problems: readonly Problem[];
}

/** `clearpath registries render`. */
export function renderFiles(names: readonly string[], options: RenderOptions): void {
    tellRelease(options.k3sVersion);
    const rendered = names.map(name => renderFile(name, options));
    const { out } = options;
    for (const { files, problems } of rendered) if (out !== undefined && problems.length === 0) writeTree(out, files);
    if (options.json) {
        printJson(
            rendered.map(({ file, files, problems }) => ({
                file,
                files: [...files].map(([path, content]) => ({ path, content })),
                problems,
            })),
        );
    } else for (const one of rendered) printRendered(one, out ?? "");
    if (rendered.some(({ problems }) => problems.length > 0)) process.exitCode = EXIT.foundSomething;
}

function printRendered({ file, files, problems }: Rendered, out: string): void {
    for (const { line, column, path, message } of problems)
        printLine(`${file}:${line}:${column} ${path ? `${path}: ` : ""}${message}`);
    if (problems.length > 0) return;
    if (files.size === 0) printLine(`K3s writes no hosts.toml for ${file}.`);
    for (const path of files.keys()) printLine(join(out, path));
}

function renderFile(name: string, options: RenderOptions): Rendered {
    const file = shownName(name);
    const { file: read, problems } = parseRegistries(readInput(name));
    if (!read) return { file, files: new Map(), problems };
    try {
        const files = renderCertsD(read.registries, {
            version: options.k3sVersion?.version ?? NEWEST_K3S,
            dataDir: options.dataDir,
            embeddedRegistry: options.embeddedRegistry ? EMBEDDED_REGISTRY : null,
            disableDefaultRegistryEndpoint: options.disableDefaultRegistryEndpoint ?? false,
        });
        return { file, files, problems: [] };
    } catch (error) {
        if (!(error instanceof NotReproducible)) throw error;
        const place = { ...read.positionOf(error.path), path: pathText(error.path) };
        return { file, files: new Map(), problems: [{ ...place, message: error.message }] };
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
