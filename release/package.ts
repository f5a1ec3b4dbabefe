import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../cli/root.ts";

/**
 * Writes the package that is published: everything compiled, since Node runs no TypeScript below node_modules.
 * `npm run package` makes a tarball of it.
 */
export function writePackage(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    compile(directory);
    for (const file of ["LICENSE", "README.md", ...filesBesideTheSources()]) copy(file, directory);
    for (const file of globSync("**/*.{js,mjs}", { cwd: directory })) nameCompiledFiles(join(directory, file));
    writeFileSync(join(directory, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
}

/** What `tsc` takes, and so what is packed. */
const FOLDERS = ["cli", "cluster", "components", "engine", "network", "policy", "provider"];

function compile(directory: string): void {
    const compiler = join(repositoryRoot, "node_modules", "typescript", "lib", "tsc.js");
    const settings = join(repositoryRoot, "release", "tsconfig.json");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", settings, "--outDir", directory], {
        encoding: "utf8",
    });
    if (status !== 0) throw new Error(`The sources do not compile:\n${stdout}`);
}

function filesBesideTheSources(): string[] {
    const found = globSync(`{${FOLDERS.join(",")}}/**`, { cwd: repositoryRoot, withFileTypes: true });
    return found
        .filter(entry => entry.isFile() && extname(entry.name) !== ".ts" && !entry.name.endsWith(".pyc"))
        .map(entry => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1));
}

function copy(file: string, directory: string): void {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(join(repositoryRoot, file), join(directory, file));
}

/** Files that are run or loaded by a path and not by an import, which the compiler leaves as they are. */
function nameCompiledFiles(file: string): void {
    const source = readFileSync(file, "utf8");
    writeFileSync(file, source.replace(/"((?:\.\/|\.\.\/)?[\w/]+)\.ts"/g, '"$1.js"'));
}

function manifest(): Record<string, unknown> {
    const {
        private: _,
        scripts: __,
        devDependencies: ___,
        ...kept
    } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));
    const main = kept.main.replace(/\.ts$/, ".js");
    return { ...kept, main, types: main.replace(/\.js$/, ".d.ts") };
}

if (import.meta.main) {
    const { directory } = parseArgs({
        options: { directory: { type: "string", default: join(repositoryRoot, "dist") } },
    }).values;
    writePackage(directory);
}
