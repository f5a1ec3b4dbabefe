import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Unsupported } from "../protocol/unsupported.ts";

/** What the embedded engine takes of Pulumi.yaml; other keys that change what a run does are refused by name. */
const projectSchema = z.looseObject({
    name: z.string(),
    main: z.string().default("."),
    runtime: z.union([
        z.string().transform(name => ({ name, options: {} as Record<string, unknown> })),
        z.looseObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
    ]),
    plugins: z
        .looseObject({
            providers: z.array(z.looseObject({ name: z.string(), path: z.string() })).default([]),
        })
        .default({ providers: [] }),
    backend: z.looseObject({ url: z.string().optional() }).optional(),
});

const REFUSED = ["config", "stackConfigDir", "options", "packages", "environment"] as const;

export interface Project {
    name: string;
    /** Directory of Pulumi.yaml. */
    directory: string;
    /** The program's file or directory, absolute. */
    main: string;
    /** Plugins named in the project: package name to directory, absolute. */
    pluginDirectories: Map<string, string>;
}

async function readProjectFile(directory: string): Promise<{ file: string; settings: z.infer<typeof projectSchema> }> {
    const file = join(directory, "Pulumi.yaml");
    const text = await readFile(file, "utf8").catch(() => {
        throw new Error(`There is no ${file}. Run the command in the directory of a Pulumi program.`);
    });
    const parsed = projectSchema.safeParse(parse(text));
    if (parsed.success) return { file, settings: parsed.data };
    const { path, message } = parsed.error.issues[0]!;
    throw new Error(`${file}: ${path.join(".")}: ${message}. Nothing was done.`);
}

/** Name and `backend.url` of a project, whichever engine is going to run it. */
export async function projectIdentity(directory: string): Promise<{ name: string; backendUrl: string | undefined }> {
    const { settings } = await readProjectFile(directory);
    return { name: settings.name, backendUrl: settings.backend?.url };
}

/**
 * Reads Pulumi.yaml of a directory. Throws `Unsupported` for settings the embedded engine does not have, an Error with
 * the file's name when it is missing or wrong.
 */
export async function readProject(directory: string): Promise<Project> {
    const { file, settings } = await readProjectFile(directory);
    const { name, main, runtime, plugins } = settings;
    for (const key of REFUSED) if (settings[key] !== undefined) throw new Unsupported(`"${key}"`, file);
    if (runtime.name !== "nodejs") throw new Unsupported(`runtime ${runtime.name}`, file);
    for (const [option, value] of Object.entries(runtime.options)) {
        const harmless = (option === "typescript" && value === false) || option === "packagemanager";
        if (!harmless) throw new Unsupported(`runtime option ${option}: ${String(value)}`, file);
    }
    if (runtime.options.typescript !== false) {
        throw new Unsupported("TypeScript compiled by ts-node (runtime.options.typescript is not false)", file);
    }
    return {
        name,
        directory: resolve(directory),
        main: resolve(directory, main),
        pluginDirectories: new Map(plugins.providers.map(plugin => [plugin.name, resolve(directory, plugin.path)])),
    };
}
