import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { objectsOf } from "../object.ts";
import { filesBelow, type GivenPath, isBelow, isDirectory, isYamlName, workTreeTop } from "../repository/repository.ts";
import { parseYamlFile } from "../yaml/file.ts";
import { text } from "../yaml/located.ts";
import { group, isFluxKustomization } from "./api.ts";

/** The repositories that the given paths are parts of, each with its paths, in the order given. */
export function repositoriesOf(given: readonly GivenPath[]): { top: string; given: GivenPath[] }[] {
    const tops = new Map<string, GivenPath[]>();
    for (const one of given) {
        const top = topOf(isDirectory(one.absolute) ? one.absolute : dirname(one.absolute));
        tops.set(top, [...(tops.get(top) ?? []), one]);
    }
    return [...tops].map(([top, given]) => ({ top, given }));
}

/**
 * The directory, from the git work tree's top down to the given one, in which most of the paths exist that the Flux objects
 * below the given directory apply. So a repository that is itself a directory of another work tree is judged by itself,
 * and a part of a repository together with the rest of it. Where no path tells, it is the work tree's top.
 */
function topOf(directory: string): string {
    const workTree = workTreeTop(directory);
    if (workTree === directory) return directory;
    const paths = appliedPaths(directory);
    let best = { top: workTree, found: 0 };
    for (const top of downTo(directory, workTree)) {
        const found = paths.filter(path => isDirectory(join(top, path))).length;
        if (found > best.found) best = { top, found };
    }
    return best.top;
}

/** From the outermost directory down to the innermost. */
function downTo(innermost: string, outermost: string): string[] {
    const found: string[] = [];
    for (let next = innermost; isBelow(next, outermost); next = dirname(next)) {
        found.unshift(next);
        if (dirname(next) === next) break;
    }
    return found;
}

/** The `path` of Flux Kustomizations and FluxInstances below a directory; what names no directory of its own is left out. */
function appliedPaths(directory: string): string[] {
    const found = new Set<string>();
    for (const path of filesBelow(directory).filter(isYamlName)) {
        const content = textOf(path);
        if (!/kustomize\.toolkit\.fluxcd\.io|fluxcd\.controlplane\.io/.test(content)) continue;
        for (const object of parseYamlFile(path, content).documents.flatMap(objectsOf)) {
            const written = isFluxKustomization(object)
                ? text(object.root, "spec", "path")
                : object.group === group.operator
                  ? text(object.root, "spec", "sync", "path")
                  : undefined;
            const applied = written && normalize(written).replace(/\/$/, "");
            if (applied && applied !== "." && applied !== "/" && !applied.includes("$")) found.add(applied);
        }
    }
    return [...found];
}

function textOf(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}
