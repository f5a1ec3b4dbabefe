import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { YamlFile } from "./yaml/document.ts";
import { parseYamlFile } from "./yaml/file.ts";

/** A path was given that is not there, or cannot be opened. */
export class PathNotReadable extends Error {
    override name = "PathNotReadable";
}

/** The files that lint was asked about, and those around them that overlays refer to. Each is read once. */
export interface Repository {
    /** YAML files below the given paths, sorted; chart templates and dot directories left out. */
    files: YamlFile[];
    /** Directories that a Flux `spec.path` may be relative to, the likeliest first. */
    bases: string[];
    /** A file, read at most once; undefined when it is not there or outside of the repository. */
    read(path: string): YamlFile | undefined;
    isDirectory(path: string): boolean;
    /** Names in a directory, sorted; empty when it cannot be read. */
    names(directory: string): string[];
    /** The path as the caller would write it. */
    display(path: string): string;
    /** Whether the caller named this file or a directory above it. */
    covers(path: string): boolean;
}

/** Opens the given files and directories. Throws PathNotReadable for one that is not there. */
export function openRepository(paths: readonly string[]): Repository {
    const given = paths.map(path => ({ path, absolute: resolve(path) }));
    for (const { path, absolute } of given) {
        if (!existsSync(absolute)) throw new PathNotReadable(`${path}: there is no such file or directory.`);
    }
    const directories = given.map(({ absolute }) => (isDirectory(absolute) ? absolute : dirname(absolute)));
    const roots = directories.map(repositoryRoot);
    const known = new Map<string, YamlFile | undefined>();

    const read = (path: string): YamlFile | undefined => {
        if (!roots.some(root => isBelow(path, root))) return undefined;
        if (!known.has(path)) known.set(path, readYaml(path));
        return known.get(path);
    };
    const found = new Set(given.flatMap(({ absolute }) => (isDirectory(absolute) ? yamlBelow(absolute) : [absolute])));
    return {
        files: [...found].sort().flatMap(path => read(path) ?? []),
        bases: [...new Set([...directories, ...roots])],
        read,
        isDirectory: path => roots.some(root => isBelow(path, root)) && isDirectory(path),
        names: directory => entriesOf(directory).map(entry => entry.name),
        display: path => {
            const above = given.find(({ absolute }) => isBelow(path, absolute));
            if (above) return join(above.path, relative(above.absolute, path));
            const fromHere = relative(process.cwd(), path);
            return fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
        },
        covers: path => given.some(({ absolute }) => isBelow(path, absolute)),
    };
}

export function isYamlName(name: string): boolean {
    return /\.ya?ml$/i.test(name);
}

function isBelow(path: string, directory: string): boolean {
    return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function isDirectory(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The work tree's top, or the directory itself outside of git. */
function repositoryRoot(directory: string): string {
    for (let next = directory; ; next = dirname(next)) {
        if (existsSync(join(next, ".git"))) return next;
        if (dirname(next) === next) return directory;
    }
}

function entriesOf(directory: string) {
    try {
        return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
        return [];
    }
}

function yamlBelow(directory: string): string[] {
    const entries = entriesOf(directory);
    // A chart's templates become YAML only when Helm fills them in, and a HelmRelease names the chart, not its files.
    const isChart = entries.some(entry => entry.name === "Chart.yaml");
    return entries.flatMap(entry => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) {
            const skipped =
                entry.name.startsWith(".") ||
                entry.name === "node_modules" ||
                (isChart && ["templates", "charts", "crds"].includes(entry.name));
            return skipped ? [] : yamlBelow(path);
        }
        if (!isYamlName(entry.name)) return [];
        return entry.isFile() || (entry.isSymbolicLink() && isFile(path)) ? [path] : [];
    });
}

function isFile(path: string): boolean {
    try {
        return statSync(realpathSync(path)).isFile();
    } catch {
        return false;
    }
}

function readYaml(path: string): YamlFile | undefined {
    if (!isFile(path)) return undefined;
    let bytes: Buffer;
    try {
        bytes = readFileSync(path);
    } catch (error) {
        return unreadable(path, `cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    }
    try {
        // The byte order mark stays in the text, so that a file written back is the same in every other byte.
        return parseYamlFile(path, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
        return unreadable(path, "is not UTF-8 text");
    }
}

function unreadable(path: string, message: string): YamlFile {
    return { path, text: "", documents: [], problems: [{ line: 1, message }] };
}
