import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { Unsupported } from "../protocol/unsupported.ts";
import type { Project } from "../stack/project.ts";

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

function onPath(name: string, path: string): string | undefined {
    return path
        .split(delimiter)
        .map(directory => join(directory, name))
        .find(isExecutable);
}

function numbersOf(version: string): number[] {
    return version.split(/[.-]/).slice(0, 3).map(Number);
}

function atLeast(version: string, wanted: string): boolean {
    const [have, want] = [numbersOf(version), numbersOf(wanted)];
    const at = want.findIndex((number, index) => number !== have[index]);
    return at === -1 || have[at]! > want[at]!;
}

/** The newest cached plugin of the same major version that is at least the wanted one; the newest of all when none is wanted. */
function inCache(packageName: string, version: string, cache: string): string | undefined {
    const prefix = `resource-${packageName}-v`;
    let names: string[];
    try {
        names = readdirSync(cache).filter(name => name.startsWith(prefix) && !name.endsWith(".lock"));
    } catch {
        return undefined;
    }
    return names
        .map(name => ({
            version: name.slice(prefix.length),
            file: join(cache, name, `pulumi-resource-${packageName}`),
        }))
        .filter(
            plugin =>
                version === "" ||
                (plugin.version.split(".")[0] === version.split(".")[0] && atLeast(plugin.version, version)),
        )
        .filter(plugin => isExecutable(plugin.file))
        .sort((a, b) => (atLeast(a.version, b.version) ? -1 : 1))[0]?.file;
}

/**
 * The plugin's executable: named in Pulumi.yaml, then on PATH, then in Pulumi's plugin cache, which is the CLI's order.
 * Throws with the plugin's name and how to get it when the machine has none.
 */
export function findPlugin(project: Project, packageName: string, version: string, env: NodeJS.ProcessEnv): string {
    const name = `pulumi-resource-${packageName}`;
    const directory = project.pluginDirectories.get(packageName);
    if (directory !== undefined) {
        const file = join(directory, name);
        if (isExecutable(file)) return file;
        throw new Unsupported(
            `the plugin directory ${directory}, which holds no executable ${name}`,
            join(project.directory, "Pulumi.yaml"),
        );
    }
    const cache = join(env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
    const found = onPath(name, env.PATH ?? "") ?? inCache(packageName, version, cache);
    if (found !== undefined) return found;
    const named = version === "" ? packageName : `${packageName} ${version}`;
    throw new Error(
        `The plugin ${name} (package ${named}) is not on this machine: not in Pulumi.yaml, not on PATH, not in ${cache}. Install it with: pulumi plugin install resource ${named}`,
    );
}
