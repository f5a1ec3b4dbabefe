import { relative, resolve } from "node:path";
import type { StackValidationPolicy } from "@pulumi/policy";

interface Settings {
    paths: string[];
    strict: boolean;
    imageGroups: string;
    bootstrap: string[];
}

/** What `clearpath lint` finds in the Flux repository that the cluster is going to follow. */
export const fluxLint: StackValidationPolicy = {
    name: "flux-lint",
    description: "The Flux repository waits for no secret provider, and checks the Secrets that bootstrap needs.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            paths: {
                type: "array",
                items: { type: "string" },
                default: [],
                description:
                    "Files or directories of the repository; relative ones from where the command was started. Without any, nothing is judged.",
            },
            strict: { type: "boolean", default: false, description: "Whether warnings are violations too." },
            imageGroups: {
                type: "string",
                default: "",
                description: "Images that the mirrors hold: a file of groups, or K3s's registries.yaml.",
            },
            bootstrap: {
                type: "array",
                items: { type: "string" },
                default: [],
                description: "Names of Kustomizations that belong to the bootstrap.",
            },
        },
    },
    validateStack: async ({ getConfig, notApplicable }, report) => {
        const { paths, strict, imageGroups, bootstrap } = getConfig<Settings>();
        if (paths.length === 0) return notApplicable("No path of a Flux repository is configured.");
        // Most stacks name no repository, and their previews need not wait for a YAML parser.
        const { lint } = await import("../cluster/lint/lint.ts");
        const { findings } = await lint(paths.map(fromWhereStarted), {
            bootstrap,
            ...(imageGroups !== "" && { imageGroups: fromWhereStarted(imageGroups) }),
        });
        const bad = strict ? ["error", "warning"] : ["error"];
        for (const { rule, severity, file, line, message, chain } of findings) {
            if (!bad.includes(severity)) continue;
            const waits = chain.length > 2 ? ` ${chain.join(" waits for ")}.` : "";
            report(`${asWritten(file)}:${line}: ${message}${waits} (clearpath lint, ${rule})`);
        }
    },
};

/** A pack runs in its own directory; the user's current directory is in the environment. */
function fromWhereStarted(path: string): string {
    return resolve(whereStarted(), path);
}

/** Relative to where the command was started, where the file is below it: as the user knows it. */
function asWritten(file: string): string {
    const below = relative(whereStarted(), file);
    return below.startsWith("..") ? file : below;
}

function whereStarted(): string {
    return process.env.PWD ?? process.cwd();
}
