import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { YamlFile } from "../yaml/document.ts";
import { parseYamlFile } from "../yaml/file.ts";
import { type Ignores, ignorePatterns } from "./ignore.ts";

/** A path was given that is not there, or cannot be opened. */
export class PathNotReadable extends Error {
    override name = "PathNotReadable";
}

/** All files of one repository, read when they are asked for, each once. Only what `covers` takes is reported. */
export interface Repository {
    /** Absolute: the directory that a Flux `spec.path` is relative to. */
    top: string;
    /** YAML files below the top, sorted; chart templates, dot directories and what is excluded left out. */
    files: YamlFile[];
    /** Absolute paths of files that another tool turns into YAML, such as `ks.yaml.j2`. */
    templates: string[];
    /** A file, read at most once; undefined when it is not there, outside of the repository, or in `.sourceignore`. */
    read(path: string): YamlFile | undefined;
    /** As `read`, of a file that need not be YAML; undefined also for one that is not UTF-8 text. */
    readText(path: string): string | undefined;
    isDirectory(path: string): boolean;
    /** Names in a directory, sorted; empty when it cannot be read. */
    names(directory: string): string[];
    /** The path as the caller would write it. */
    display(path: string): string;
    /** Whether the caller named this file or a directory above it, and did not exclude it. */
    covers(path: string): boolean;
    /** The paths that the caller gave, absolute. */
    given: string[];
}

/** A path as the caller gave it. */
export interface GivenPath {
    path: string;
    absolute: string;
}

/** Throws PathNotReadable for a path that is not there. */
export function givenPaths(paths: readonly string[]): GivenPath[] {
    return paths.map(path => {
        const absolute = resolve(path);
        if (!existsSync(absolute)) throw new PathNotReadable(`${path}: there is no such file or directory.`);
        return { path, absolute };
    });
}

/**
 * Opens the repository at `top`, of which the given paths are parts.
 * @param exclude Patterns as in `.gitignore`, from the top: not judged, though builds read what they refer to.
 */
export function openRepository(top: string, given: readonly GivenPath[], exclude: readonly string[] = []): Repository {
    const known = new Map<string, YamlFile | undefined>();
    const isInSource = sourceIgnores(top);
    const isExcluded = ignorePatterns(exclude);
    const fromTop = (path: string) => relative(top, path).split(sep).join("/");
    const isHere = (path: string) => isBelow(path, top) && !isInSource(path);

    const read = (path: string): YamlFile | undefined => {
        if (!isHere(path)) return undefined;
        if (!known.has(path)) known.set(path, readYaml(path));
        return known.get(path);
    };
    const below = filesBelow(top).filter(path => isHere(path) && !isExcluded(fromTop(path)));
    const asked = given.map(({ absolute }) => absolute).filter(path => isFile(path) && !below.includes(path));
    return {
        top,
        files: [...below.filter(isYamlName), ...asked].sort().flatMap(path => read(path) ?? []),
        templates: below.filter(path => !isYamlName(path)),
        read,
        readText: path => (isHere(path) && isFile(path) ? textIn(readBytes(path)) : undefined),
        isDirectory: path => isBelow(path, top) && isDirectory(path),
        names: directory => entriesOf(directory).map(entry => entry.name),
        display: path => {
            const above = given.find(({ absolute }) => isBelow(path, absolute));
            if (above) return join(above.path, relative(above.absolute, path));
            const fromHere = relative(process.cwd(), path);
            return fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
        },
        covers: path => given.some(({ absolute }) => isBelow(path, absolute)) && !isExcluded(fromTop(path)),
        given: given.map(({ absolute }) => absolute),
    };
}

export function isYamlName(name: string): boolean {
    return /\.ya?ml$/i.test(name);
}

export function isBelow(path: string, directory: string): boolean {
    return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

export function isDirectory(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The work tree's top, or the directory itself outside of git. */
export function workTreeTop(directory: string): string {
    for (let next = directory; ; next = dirname(next)) {
        if (existsSync(join(next, ".git"))) return next;
        if (dirname(next) === next) return directory;
    }
}

/** Names that an author gives to YAML which another tool fills in first. */
function isTemplateName(name: string): boolean {
    return /\.(?:j2|jinja2?|tpl|tmpl|gotmpl|mustache)$/i.test(name) && !name.startsWith("_");
}

/** What Flux leaves out of a source before anything is built: `.sourceignore` in the directory or in one above it. */
function sourceIgnores(top: string): Ignores {
    const byDirectory = new Map<string, Ignores | undefined>();
    const patternsIn = (directory: string) => {
        if (!byDirectory.has(directory)) {
            const file = join(directory, ".sourceignore");
            const lines = isFile(file) ? readBytes(file).toString("utf8").split("\n") : undefined;
            byDirectory.set(directory, lines && ignorePatterns(lines));
        }
        return byDirectory.get(directory);
    };
    return path => {
        for (let next = dirname(path); isBelow(next, top); next = dirname(next)) {
            if (patternsIn(next)?.(relative(next, path).split(sep).join("/"))) return true;
            if (dirname(next) === next) return false;
        }
        return false;
    };
}

function entriesOf(directory: string) {
    try {
        return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
        return [];
    }
}

/** YAML files and templates below a directory. */
export function filesBelow(directory: string): string[] {
    const entries = entriesOf(directory);
    // A chart's templates become YAML only when Helm fills them in, and a HelmRelease names the chart, not its files.
    const isChart = entries.some(entry => entry.name === "Chart.yaml");
    return entries.flatMap(entry => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) {
            const isSkipped =
                entry.name.startsWith(".") ||
                entry.name === "node_modules" ||
                (isChart && ["templates", "charts", "crds"].includes(entry.name)) ||
                // Another repository, or a submodule.
                existsSync(join(path, ".git"));
            return isSkipped ? [] : filesBelow(path);
        }
        if (!isYamlName(entry.name) && !isTemplateName(entry.name)) return [];
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

function readBytes(path: string): Buffer {
    try {
        return readFileSync(path);
    } catch {
        return Buffer.alloc(0);
    }
}

function textIn(bytes: Buffer): string | undefined {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return undefined;
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
