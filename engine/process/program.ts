import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Project } from "../stack/project.ts";
import type { ConfigValue } from "../stack/stackConfig.ts";
import { ORGANIZATION } from "../state/stateFile.ts";
import { type Exit, start } from "./childProcess.ts";

/** Exit code by which Pulumi's SDK says that it has told the user already what is wrong. */
const ALREADY_TOLD = 32;

/** Preloaded by every program, so that an exception is printed at once. */
export const PLAIN_ERRORS = join(import.meta.dirname, "plainErrors.cjs");

interface ProgramSettings {
    project: Project;
    stack: string;
    config: Map<string, ConfigValue>;
    preview: boolean;
    parallel: number;
    monitorAddress: string;
    engineAddress: string;
    env: NodeJS.ProcessEnv;
    onLine: (line: string, stream: "stdout" | "stderr") => void;
}

export interface Program {
    readonly exit: Promise<Exit>;
    stop(): Promise<void>;
}

/** `namespace:name` as the SDK reads it from its environment. */
function environmentKey(key: string): string {
    const [namespace, ...name] = key.split(":");
    return `${namespace}:config:${name.join(":")}`;
}

/** Starts the program with the `@pulumi/pulumi` it resolves itself, as Pulumi's language host for Node does. */
export async function startProgram(settings: ProgramSettings): Promise<Program> {
    const { project, stack, config, preview, parallel, monitorAddress, engineAddress, env, onLine } = settings;
    const isDirectory = statSync(project.main, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const directory = isDirectory ? project.main : dirname(project.main);
    const runner = sdkRunner(directory);
    const args = [
        "--require",
        PLAIN_ERRORS,
        runner,
        "--monitor",
        monitorAddress,
        "--engine",
        engineAddress,
        "--organization",
        ORGANIZATION,
        "--project",
        project.name,
        "--root-directory",
        project.directory,
        "--stack",
        stack,
        "--pwd",
        directory,
        ...(preview ? ["--dry-run"] : []),
        "--parallel",
        String(parallel),
        isDirectory ? "." : project.main,
    ];
    return start(process.execPath, args, {
        cwd: directory,
        env: {
            ...env,
            PULUMI_CONFIG: JSON.stringify(
                Object.fromEntries([...config].map(([key, { text }]) => [environmentKey(key), text])),
            ),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(
                [...config].filter(([, { secret }]) => secret).map(([key]) => key),
            ),
        },
        onLine,
    });
}

function sdkRunner(directory: string): string {
    try {
        return createRequire(join(directory, "Pulumi.yaml")).resolve("@pulumi/pulumi/cmd/run");
    } catch {
        throw new Error(
            `The program in ${directory} has no @pulumi/pulumi. Nothing was done. Run npm install @pulumi/pulumi in it.`,
        );
    }
}

/** What is wrong with the way a program ended, or undefined when it succeeded or has told the user itself. */
export function complaintAbout(exit: Exit): string | undefined {
    if (exit.code === 0 || exit.code === ALREADY_TOLD) return undefined;
    if (exit.signal !== null) return `The signal ${exit.signal} ended the program.`;
    return `The program ended with exit code ${exit.code}.`;
}
